//! Use of resources and rates by each identity or network, and its limits.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use push_wire_shared::time::Moment;

use super::{UPKEEP_BATCH, lock};
use crate::limits::{Limits, OWNERS_REMEMBERED, Rates};
use crate::network::Network;
use crate::rate::{Buckets, Load, Wait};

/// Owner of a session and of the streams that it creates, for the limits per owner.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Owner {
    /// Identity given by the authenticator.
    Identity(Arc<str>),
    /// Network of a client without identity.
    Network(Network),
    /// Neither identity nor address is known: only the limits of the whole server apply.
    #[default]
    Unknown,
}

impl Owner {
    /// A text that is the owner's alone; `None` if nothing is known of it.
    #[cfg(feature = "rtc")]
    pub(crate) fn label(&self) -> Option<String> {
        match self {
            Self::Identity(identity) => Some(format!("identity {identity}")),
            Self::Network(network) => Some(format!("network {network:?}")),
            Self::Unknown => None,
        }
    }

    /// The owner of a session with this identity, or from this address.
    #[must_use]
    pub(crate) fn new(identity: Option<&str>, address: Option<IpAddr>) -> Self {
        match (identity, address) {
            (Some(identity), _) => Self::Identity(identity.into()),
            (None, Some(address)) => Self::Network(Network::of(address)),
            (None, None) => Self::Unknown,
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
    /// A session that is connected.
    Connection,
    /// A stream that a subscription created and that nobody has published to.
    Stream,
}

/// Counts and rates per owner. An owner that holds nothing, and has not used its rates lately, takes no memory.
#[derive(Debug)]
pub(super) struct Shares {
    limits: Limits,
    owners: Mutex<Owners>,
}

#[derive(Default, Debug)]
struct Owners {
    held: HashMap<Owner, Held>,
    /// Owners that hold nothing and have used their rates, oldest first.
    remembered: VecDeque<Owner>,
}

#[derive(Default, Debug)]
struct Held {
    sessions: usize,
    connections: usize,
    streams: usize,
    buckets: Buckets,
    is_remembered: bool,
}

impl Held {
    fn count(&mut self, resource: Resource) -> &mut usize {
        match resource {
            Resource::Session => &mut self.sessions,
            Resource::Connection => &mut self.connections,
            Resource::Stream => &mut self.streams,
        }
    }

    const fn is_empty(&self) -> bool {
        self.sessions == 0 && self.connections == 0 && self.streams == 0
    }
}

/// One counted session, connection or stream; dropping it ends the counting.
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
            owners: Mutex::default(),
        })
    }

    /// Counts one more session, connection or stream of an owner.
    pub(super) fn take(
        self: &Arc<Self>,
        owner: &Owner,
        resource: Resource,
    ) -> Result<Share, LimitError> {
        if *owner != Owner::Unknown {
            let mut owners = lock(&self.owners);
            let held = owners.held.entry(owner.clone()).or_default();
            let count = held.count(resource);
            match self.limit(owner, resource) {
                Some(limit) if *count >= limit.limit => return Err(limit),
                Some(_) | None => *count += 1,
            }
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
            (Owner::Unknown, _) | (Owner::Network(_), Resource::Connection) => return None,
            (Owner::Identity(_), Resource::Session) => {
                ("sessions_per_identity", limits.sessions_per_identity)
            }
            (Owner::Identity(_), Resource::Connection) => {
                ("connections_per_identity", limits.connections_per_identity)
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
        let mut owners = lock(&self.owners);
        let Some(held) = owners.held.get_mut(owner) else {
            return;
        };
        *held.count(resource) -= 1;
        if held.is_empty() {
            owners.leave(owner);
        }
    }

    /// Takes what a client sends from the rates of its owner. Returns the wait that it causes, if there are rates.
    pub(super) fn charge(&self, now: Moment, owner: &Owner, load: Load) -> Option<Wait> {
        let rates = self.rates(owner)?;
        let mut owners = lock(&self.owners);
        let held = owners.held.get_mut(owner)?;
        Some(held.buckets.take(now, load, rates))
    }

    /// Takes a request that reached no session from the rates of its owner, which may hold nothing.
    pub(super) fn charge_request(&self, now: Moment, owner: &Owner, load: Load) {
        let Some(rates) = self.rates(owner) else {
            return;
        };
        let mut owners = lock(&self.owners);
        let held = owners.held.entry(owner.clone()).or_default();
        held.buckets.take(now, load, rates);
        if held.is_empty() {
            owners.leave(owner);
        }
    }

    /// Time until which an owner's rates are overdrawn; `now` or earlier, or `None`, if it may send.
    pub(super) fn owes_until(&self, now: Moment, owner: &Owner) -> Option<Moment> {
        let rates = self.rates(owner)?;
        let mut buckets = lock(&self.owners).held.get(owner)?.buckets;
        Some(buckets.take(now, Load::default(), rates).until)
    }

    const fn rates(&self, owner: &Owner) -> Option<&Rates> {
        match owner {
            Owner::Identity(_) => Some(&self.limits.identity_rates),
            Owner::Network(_) => Some(&self.limits.address_rates),
            Owner::Unknown => None,
        }
    }

    /// Forgets owners that hold nothing and may send as much as a new one, a bounded number at once.
    pub(super) fn upkeep(&self, now: Moment) {
        let mut owners = lock(&self.owners);
        for _ in 0..owners.remembered.len().min(UPKEEP_BATCH) {
            owners.review(now);
        }
    }
}

impl Owners {
    /// Forgets an owner that holds nothing any more, or remembers what it has used of its rates.
    fn leave(&mut self, owner: &Owner) {
        let Some(held) = self.held.get_mut(owner) else {
            return;
        };
        if held.buckets == Buckets::default() {
            self.held.remove(owner);
            return;
        }
        if held.is_remembered {
            return;
        }
        held.is_remembered = true;
        self.remembered.push_back(owner.clone());
        if self.remembered.len() > OWNERS_REMEMBERED
            && let Some(oldest) = self.remembered.pop_front()
        {
            self.forget(&oldest);
        }
    }

    /// Decides on the owner that has been remembered for the longest time.
    fn review(&mut self, now: Moment) {
        let Some(owner) = self.remembered.pop_front() else {
            return;
        };
        let held = self.held.get(&owner);
        if held.is_some_and(|held| held.is_empty() && !held.buckets.are_full(now)) {
            return self.remembered.push_back(owner);
        }
        self.forget(&owner);
    }

    fn forget(&mut self, owner: &Owner) {
        if let Some(held) = self.held.get_mut(owner) {
            held.is_remembered = false;
            if held.is_empty() {
                self.held.remove(owner);
            }
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
        assert!(lock(&shares.owners).held.is_empty());
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

    fn upload() -> Load {
        Load {
            frames: 1,
            bytes: 10,
            uploads: 1,
        }
    }

    fn at(seconds: u64) -> Moment {
        Moment::after_origin(std::time::Duration::from_secs(seconds))
    }

    #[test]
    fn clients_of_one_owner_share_its_rates() {
        let mut limits = Limits::default();
        limits.identity_rates.uploads = crate::Rate::new(1, 2);
        let shares = Shares::new(limits);
        let [ada, bob] = ["ada", "bob"].map(|name| Owner::new(Some(name), None));
        let held = [&ada, &bob].map(|owner| shares.take(owner, Resource::Session).unwrap());
        let until = |owner| shares.charge(at(9), owner, upload()).unwrap().until;
        assert!(until(&ada) <= at(9));
        assert!(until(&ada) <= at(9));
        assert_eq!(until(&ada), at(10));
        assert!(until(&bob) <= at(9));
        assert_eq!(shares.charge(at(9), &Owner::Unknown, upload()), None);
        drop(held);
    }

    #[test]
    fn use_of_rates_outlives_sessions() {
        let mut limits = Limits::default();
        limits.identity_rates.uploads = crate::Rate::new(1, 1);
        let shares = Shares::new(limits);
        let ada = Owner::new(Some("ada"), None);
        let uploads_until = || {
            let held = shares.take(&ada, Resource::Session).unwrap();
            let wait = shares.charge(at(100), &ada, upload()).unwrap();
            drop(held);
            wait.until
        };
        assert!(uploads_until() <= at(100));
        assert_eq!(uploads_until(), at(101));
        assert_eq!(lock(&shares.owners).remembered.len(), 1);
        shares.upkeep(at(101));
        assert_eq!(lock(&shares.owners).held.len(), 1);
        shares.upkeep(at(102));
        let owners = lock(&shares.owners);
        assert!(owners.held.is_empty() && owners.remembered.is_empty());
    }

    #[test]
    fn requests_without_session_are_charged() {
        let shares = shares();
        let owner = of_address("10.0.0.1");
        assert_eq!(shares.owes_until(at(0), &owner), None);
        let burst = Limits::default().address_rates.frames.burst;
        let request = Load {
            frames: 1,
            ..Load::default()
        };
        for _ in 0..burst {
            shares.charge_request(at(0), &owner, request);
        }
        assert!(shares.owes_until(at(0), &owner).unwrap() <= at(0));
        shares.charge_request(at(0), &owner, request);
        let until = shares.owes_until(at(0), &owner).unwrap();
        assert!(until > at(0));
        assert!(shares.owes_until(until, &owner).unwrap() <= until);
        // The overdrawn rates are kept although the network holds nothing.
        assert_eq!(lock(&shares.owners).remembered.len(), 1);
    }

    #[test]
    fn remembers_a_bounded_number_of_owners() {
        let shares = shares();
        for number in 0..=OWNERS_REMEMBERED {
            let owner = Owner::new(Some(&number.to_string()), None);
            let held = shares.take(&owner, Resource::Session).unwrap();
            shares.charge(at(0), &owner, upload());
            drop(held);
        }
        let owners = lock(&shares.owners);
        assert_eq!(owners.remembered.len(), OWNERS_REMEMBERED);
        assert_eq!(owners.held.len(), OWNERS_REMEMBERED);
    }
}
