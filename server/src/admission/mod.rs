//! Admission of requests, before their clients are known: limits of all connections and of those of one address, and the
//! origins of pages.

mod address;
mod connect_rate;
mod error;
mod log;
mod origin;
mod requests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

pub use address::ForwardedHeader;
pub(crate) use address::Proxies;
use connect_rate::ConnectRate;
pub(crate) use error::AdmissionError;
pub(crate) use log::Logs;
pub(crate) use origin::{AllowedHost, AllowedOrigin, OriginError, Origins, Page};
pub(crate) use requests::Requester;
use requests::{BytesLimits, RequestBytes};

use crate::limits::Limits;
use crate::network::Network;

/// Networks of the clients whose address is not limited.
#[derive(Clone, Debug)]
pub(crate) struct Exempt(pub(crate) Vec<IpNet>);

impl Default for Exempt {
    /// Loopback: clients on the server's own machine, and a proxy there, behind which are all clients.
    fn default() -> Self {
        Self(vec![
            IpNet::new_assert(IpAddr::from([127, 0, 0, 0]), 8),
            IpNet::new_assert(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), 128),
        ])
    }
}

/// Connections of a server, counted from their request on.
#[derive(Debug)]
pub(crate) struct Admission {
    connections: usize,
    unauthenticated_per_address: usize,
    bytes: BytesLimits,
    proxies: Proxies,
    exempt: Exempt,
    origins: Origins,
    logs: Logs,
    rate: ConnectRate,
    open: Mutex<Open>,
}

/// Connections that are open.
#[derive(Default, Debug)]
struct Open {
    count: usize,
    /// Those whose client is not authenticated, by network; networks without any are not in it.
    unauthenticated: HashMap<Network, usize>,
    requests: RequestBytes,
}

impl Admission {
    pub(crate) fn new(
        limits: &Limits,
        proxies: Proxies,
        exempt: Exempt,
        origins: Origins,
    ) -> Arc<Self> {
        Arc::new(Self {
            connections: limits.connections,
            unauthenticated_per_address: limits.unauthenticated_per_address,
            bytes: BytesLimits::new(limits),
            proxies,
            exempt,
            origins,
            logs: Logs::default(),
            rate: ConnectRate::new(limits.connects_per_address),
            open: Mutex::default(),
        })
    }

    /// Admits a connection that a request opens. `peer` is the other end of its socket, if that is known already; if not,
    /// it is given later, with [`Admitted::locate`].
    ///
    /// # Errors
    /// [`AdmissionError`], which is the answer to the request.
    pub(crate) fn admit(
        self: &Arc<Self>,
        peer: Option<IpAddr>,
        headers: &HeaderMap,
    ) -> Result<Admitted, AdmissionError> {
        let mut open = self.lock();
        if open.count >= self.connections {
            return Err(AdmissionError::Connections(self.connections));
        }
        open.count += 1;
        drop(open);
        let mut admitted = Admitted {
            admission: Arc::clone(self),
            address: None,
            unauthenticated: None,
        };
        if let Some(peer) = peer {
            admitted.locate(peer, headers)?;
        }
        Ok(admitted)
    }

    /// Finds the page that sent a request, whose other end is `peer` if that is known.
    ///
    /// # Errors
    /// [`OriginError`] if its origin or the request's host is not allowed; it is the answer to the request.
    pub(crate) fn page(&self, peer: Option<IpAddr>, request: &Parts) -> Result<Page, OriginError> {
        self.origins.page(request, self.forwarded(peer, request))
    }

    /// Checks the hosts that a request is for, where pages of every origin are allowed.
    ///
    /// # Errors
    /// [`OriginError::UnknownHost`]; it is the answer to the request.
    pub(crate) fn check_hosts(
        &self,
        peer: Option<IpAddr>,
        request: &Parts,
    ) -> Result<(), OriginError> {
        let forwarded = self.forwarded(peer, request);
        self.origins.check_hosts(request, forwarded)
    }

    fn forwarded<'a>(&self, peer: Option<IpAddr>, request: &'a Parts) -> Option<&'a str> {
        self.proxies.host(peer?, &request.headers)
    }

    /// Lines in the log.
    pub(crate) const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The client's address, unless it is exempt.
    fn limited_address(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let address = self.proxies.client(peer, headers);
        let mut exempt = self.exempt.0.iter();
        let is_exempt = exempt.any(|network| network.contains(&address));
        (!is_exempt).then_some(address)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        // No holder calls other code, so the state is consistent after a panic too.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection whose client is not authenticated.
    fn enter(&self, network: Network) -> Result<(), AdmissionError> {
        let limit = self.unauthenticated_per_address;
        let mut open = self.lock();
        let count = open.unauthenticated.entry(network).or_default();
        if *count >= limit {
            return Err(AdmissionError::Unauthenticated(limit));
        }
        *count += 1;
        Ok(())
    }

    fn leave(&self, network: Network) {
        let mut open = self.lock();
        if let Some(count) = open.unauthenticated.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                open.unauthenticated.remove(&network);
            }
        }
    }
}

/// Place of one connection among all; dropping it ends the counting.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
    /// Network among whose unauthenticated connections it is.
    unauthenticated: Option<Network>,
}

impl Admitted {
    /// Sets the address: the other end of the socket, or behind a trusted proxy the one that its header names. Without
    /// effect if it is set already, or is exempt.
    ///
    /// # Errors
    /// [`AdmissionError`] if a limit of the address is reached.
    pub(crate) fn locate(
        &mut self,
        peer: IpAddr,
        headers: &HeaderMap,
    ) -> Result<(), AdmissionError> {
        let admission = &self.admission;
        let Some(address) = admission.limited_address(peer, headers) else {
            return Ok(());
        };
        if self.address.is_some() {
            return Ok(());
        }
        let network = Network::of(address);
        admission.enter(network)?;
        self.unauthenticated = Some(network);
        admission.rate.take(network)?;
        self.address = Some(address);
        Ok(())
    }

    /// The client's address, unless it is unknown or exempt.
    pub(crate) const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Records that the client is authenticated.
    pub(crate) fn authenticated(&mut self) {
        if let Some(network) = self.unauthenticated.take() {
            self.admission.leave(network);
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.authenticated();
        self.admission.lock().count -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;

    fn admission(set: impl FnOnce(&mut Limits)) -> Arc<Admission> {
        let mut limits = Limits::default();
        set(&mut limits);
        Admission::new(
            &limits,
            Proxies::default(),
            Exempt::default(),
            Origins::default(),
        )
    }

    fn admit(admission: &Arc<Admission>, address: &str) -> Result<Admitted, AdmissionError> {
        admission.admit(Some(address.parse().unwrap()), &HeaderMap::new())
    }

    #[test]
    fn counts_connections_in_all() {
        let admission = admission(|limits| limits.connections = 2);
        let first = admit(&admission, "127.0.0.1").unwrap();
        let _second = admission.admit(None, &HeaderMap::new()).unwrap();
        let refused = admit(&admission, "10.0.0.1").unwrap_err();
        assert_eq!(refused, AdmissionError::Connections(2));
        drop(first);
        assert!(admit(&admission, "10.0.0.1").is_ok());
    }

    #[test]
    fn counts_unauthenticated_connections_per_network() {
        let admission = admission(|limits| limits.unauthenticated_per_address = 1);
        let mut first = admit(&admission, "2001:db8::1").unwrap();
        let refused = admit(&admission, "2001:db8::2").unwrap_err();
        assert_eq!(refused, AdmissionError::Unauthenticated(1));
        assert!(admit(&admission, "2001:db8:0:1::2").is_ok());
        first.authenticated();
        let second = admit(&admission, "2001:db8::2").unwrap();
        drop((first, second));
        assert!(admission.lock().unauthenticated.is_empty());
        assert_eq!(admission.lock().count, 0);
    }

    #[test]
    fn limits_the_rate_of_an_address() {
        let admission = admission(|limits| limits.connects_per_address = Rate::new(1, 2));
        for _ in 0..2 {
            admit(&admission, "10.0.0.1").unwrap();
        }
        let refused = admit(&admission, "10.0.0.1").unwrap_err();
        assert!(
            matches!(refused, AdmissionError::Connects(_)),
            "{refused:?}"
        );
        assert!(admit(&admission, "10.0.0.2").is_ok());
        // Refused connections are not counted.
        assert_eq!(admission.lock().count, 0);
        assert!(admission.lock().unauthenticated.is_empty());
    }

    #[test]
    fn loopback_is_exempt() {
        let admission = admission(|limits| limits.connects_per_address = Rate::new(1, 1));
        for address in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            for _ in 0..3 {
                assert_eq!(admit(&admission, address).unwrap().address(), None);
            }
        }
    }

    #[test]
    fn address_may_come_later() {
        let admission = admission(|limits| limits.unauthenticated_per_address = 1);
        let address = "10.0.0.1".parse().unwrap();
        let headers = HeaderMap::new();
        let mut first = admission.admit(None, &headers).unwrap();
        assert_eq!(first.locate(address, &headers), Ok(()));
        assert_eq!(first.address(), Some(address));
        // A second time it changes nothing.
        assert_eq!(first.locate(address, &headers), Ok(()));
        let mut second = admission.admit(None, &headers).unwrap();
        let refused = second.locate(address, &headers);
        assert_eq!(refused, Err(AdmissionError::Unauthenticated(1)));
    }
}
