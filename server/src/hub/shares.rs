//! Counts of the sessions and streams that each identity or network holds, and their limits.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use super::lock;
use crate::limits::Limits;

/// Bits of an IPv6 address that name a network (64): a site has at least a /64 to itself.
const IPV6_NETWORK_BITS: u32 = 64;

/// Owner of a session and of the streams that it creates, for the limits per owner.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Owner {
    /// Identity given by the authenticator.
    Identity(Arc<str>),
    /// Network of a client without identity: an IPv4 address, or the first 64 bits of an IPv6 address.
    Network(IpAddr),
    /// Neither identity nor address is known: only the limits of the whole server apply.
    #[default]
    Unknown,
}

impl Owner {
    /// The owner of a session with this identity, or from this address.
    #[must_use]
    pub(crate) fn new(identity: Option<&str>, address: Option<IpAddr>) -> Self {
        match (identity, address) {
            (Some(identity), _) => Self::Identity(identity.into()),
            (None, Some(address)) => Self::Network(network(address)),
            (None, None) => Self::Unknown,
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !(u128::MAX >> IPV6_NETWORK_BITS);
            Ipv6Addr::from_bits(bits).into()
        }
    }
}

/// Error of a limit that is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`Limits::{name}` of {limit} is reached")]
pub struct LimitError {
    /// Field of [`Limits`](crate::Limits) that sets it.
    pub name: &'static str,
    /// Its value.
    pub limit: usize,
}

/// Kind of what is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Resource {
    /// A session.
    Session,
    /// A stream that a subscription created and that nobody has published to.
    Stream,
}

/// Counts per owner; an owner that holds nothing takes no memory.
#[derive(Debug)]
pub(super) struct Shares {
    limits: Limits,
    held: Mutex<HashMap<Owner, Held>>,
}

#[derive(Default, Debug)]
struct Held {
    sessions: usize,
    streams: usize,
}

impl Held {
    fn count(&mut self, resource: Resource) -> &mut usize {
        match resource {
            Resource::Session => &mut self.sessions,
            Resource::Stream => &mut self.streams,
        }
    }
}

/// One counted session or stream; dropping it ends the counting.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    owner: Owner,
    resource: Resource,
}

impl Shares {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            held: Mutex::default(),
        })
    }

    /// Counts one more session or stream of an owner.
    pub(super) fn take(
        self: &Arc<Self>,
        owner: &Owner,
        resource: Resource,
    ) -> Result<Share, LimitError> {
        if let Some(limit) = self.limit(owner, resource) {
            let mut held = lock(&self.held);
            let count = held.entry(owner.clone()).or_default().count(resource);
            if *count >= limit.limit {
                return Err(limit);
            }
            *count += 1;
        }
        Ok(Share {
            shares: Arc::clone(self),
            owner: owner.clone(),
            resource,
        })
    }

    fn limit(&self, owner: &Owner, resource: Resource) -> Option<LimitError> {
        let limits = &self.limits;
        let (name, limit) = match (owner, resource) {
            (Owner::Unknown, _) => return None,
            (Owner::Identity(_), Resource::Session) => {
                ("sessions_per_identity", limits.sessions_per_identity)
            }
            (Owner::Identity(_), Resource::Stream) => {
                ("streams_per_identity", limits.streams_per_identity)
            }
            (Owner::Network(_), Resource::Session) => {
                ("sessions_per_address", limits.sessions_per_address)
            }
            (Owner::Network(_), Resource::Stream) => {
                ("streams_per_address", limits.streams_per_address)
            }
        };
        Some(LimitError { name, limit })
    }

    fn give_back(&self, owner: &Owner, resource: Resource) {
        let mut held = lock(&self.held);
        let Some(owned) = held.get_mut(owner) else {
            return;
        };
        *owned.count(resource) -= 1;
        if owned.sessions == 0 && owned.streams == 0 {
            held.remove(owner);
        }
    }
}

impl Share {
    pub(super) const fn owner(&self) -> &Owner {
        &self.owner
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shares.give_back(&self.owner, self.resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares() -> Arc<Shares> {
        Shares::new(Limits {
            sessions_per_identity: 1,
            streams_per_identity: 2,
            sessions_per_address: 2,
            streams_per_address: 1,
            ..Limits::default()
        })
    }

    fn of_address(address: &str) -> Owner {
        Owner::new(None, Some(address.parse().unwrap()))
    }

    #[test]
    fn counts_per_owner_and_resource() {
        let shares = shares();
        let [ada, bob] = ["ada", "bob"].map(|name| Owner::new(Some(name), None));
        let first = shares.take(&ada, Resource::Session).unwrap();
        let reached = shares.take(&ada, Resource::Session).unwrap_err();
        assert_eq!((reached.name, reached.limit), ("sessions_per_identity", 1));
        assert!(shares.take(&bob, Resource::Session).is_ok());
        assert!(shares.take(&ada, Resource::Stream).is_ok());
        drop(first);
        assert!(shares.take(&ada, Resource::Session).is_ok());
    }

    #[test]
    fn forgets_owners_that_hold_nothing() {
        let shares = shares();
        drop(shares.take(&of_address("10.0.0.1"), Resource::Stream));
        assert!(lock(&shares.held).is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_owner() {
        assert_eq!(of_address("2001:db8::1"), of_address("2001:db8::ffff:2"));
        assert_ne!(of_address("2001:db8::1"), of_address("2001:db8:0:1::1"));
        assert_ne!(of_address("10.0.0.1"), of_address("10.0.0.2"));
        assert_eq!(of_address("10.0.0.1"), of_address("::ffff:10.0.0.1"));
    }

    #[test]
    fn identity_counts_for_all_addresses() {
        let address = Some("10.0.0.1".parse().unwrap());
        assert_eq!(
            Owner::new(Some("ada"), address),
            Owner::new(Some("ada"), None)
        );
    }

    #[test]
    fn unknown_owners_have_no_share() {
        let shares = shares();
        let taken: Vec<_> = (0..10)
            .map(|_| shares.take(&Owner::Unknown, Resource::Session))
            .collect();
        assert!(taken.iter().all(Result::is_ok));
    }
}
