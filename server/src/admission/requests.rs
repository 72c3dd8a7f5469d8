//! Requests that are read before it is known for which session they are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;

use super::{Admission, AdmissionError};
use crate::limits::Limits;
use crate::network::Network;

/// Limits of the bytes that are being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct BytesLimits {
    in_all: usize,
    per_address: usize,
}

impl BytesLimits {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            in_all: limits.unauthenticated_bytes,
            per_address: limits.unauthenticated_bytes_per_address,
        }
    }
}

/// Bytes that are being read, or that requests have announced.
#[derive(Default, Debug)]
pub(super) struct RequestBytes {
    in_all: usize,
    /// By network; networks without any are not in it.
    of_network: HashMap<Network, usize>,
}

impl RequestBytes {
    fn add(
        &mut self,
        network: Option<Network>,
        bytes: usize,
        limits: BytesLimits,
    ) -> Result<(), AdmissionError> {
        if bytes > limits.in_all.saturating_sub(self.in_all) {
            return Err(AdmissionError::Bytes(limits.in_all));
        }
        if let Some(network) = network {
            let held = self.of_network.get(&network).copied().unwrap_or_default();
            if bytes > limits.per_address.saturating_sub(held) {
                return Err(AdmissionError::BytesOfAddress(limits.per_address));
            }
            self.of_network.insert(network, held + bytes);
        }
        self.in_all += bytes;
        Ok(())
    }

    fn remove(&mut self, network: Option<Network>, bytes: usize) {
        self.in_all -= bytes;
        let Some(network) = network else {
            return;
        };
        if let Some(held) = self.of_network.get_mut(&network) {
            *held -= bytes;
            if *held == 0 {
                self.of_network.remove(&network);
            }
        }
    }
}

/// The sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct Requester {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Requester {
    /// The sender of a request with these headers, from this other end of a socket.
    pub(crate) fn new(
        admission: &Arc<Admission>,
        peer: Option<IpAddr>,
        headers: &HeaderMap,
    ) -> Self {
        Self {
            admission: Arc::clone(admission),
            address: peer.and_then(|peer| admission.limited_address(peer, headers)),
        }
    }

    /// Its address, unless it is unknown or exempt.
    pub(crate) const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Counts a body of this size, while it is read.
    ///
    /// # Errors
    /// [`AdmissionError`] if too many bytes are being read, in all or of this network.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Reserved, AdmissionError> {
        let network = self.address.map(Network::of);
        let limits = self.admission.bytes;
        let mut open = self.admission.lock();
        open.requests.add(network, bytes, limits)?;
        Ok(Reserved {
            admission: Arc::clone(&self.admission),
            network,
            bytes,
        })
    }
}

/// Bytes of one body; dropping it ends the counting.
#[derive(Debug)]
pub(crate) struct Reserved {
    admission: Arc<Admission>,
    network: Option<Network>,
    bytes: usize,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut open = self.admission.lock();
        open.requests.remove(self.network, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exempt, Origins, Proxies};
    use super::*;

    fn admission() -> Arc<Admission> {
        let limits = Limits {
            unauthenticated_bytes: 100,
            unauthenticated_bytes_per_address: 40,
            ..Limits::default()
        };
        Admission::new(
            &limits,
            Proxies::default(),
            Exempt::default(),
            Origins::default(),
        )
    }

    fn requester(admission: &Arc<Admission>, address: &str) -> Requester {
        Requester::new(admission, Some(address.parse().unwrap()), &HeaderMap::new())
    }

    #[test]
    fn counts_bytes_of_a_network() {
        let admission = admission();
        let one = requester(&admission, "2001:db8::1");
        let neighbour = requester(&admission, "2001:db8::2");
        let reserved = one.reserve(30).unwrap();
        let refused = neighbour.reserve(11).unwrap_err();
        assert_eq!(refused, AdmissionError::BytesOfAddress(40));
        let rest = neighbour.reserve(10).unwrap();
        assert!(requester(&admission, "10.0.0.1").reserve(40).is_ok());
        drop((reserved, rest));
        assert!(one.reserve(40).is_ok());
        assert!(admission.lock().requests.of_network.is_empty());
    }

    #[test]
    fn counts_bytes_in_all() {
        let admission = admission();
        // Loopback is exempt from the limit of an address, not from that in all.
        let local = requester(&admission, "127.0.0.1");
        let reserved = local.reserve(90).unwrap();
        let refused = requester(&admission, "10.0.0.1").reserve(11).unwrap_err();
        assert_eq!(refused, AdmissionError::Bytes(100));
        drop(reserved);
        assert_eq!(admission.lock().requests.in_all, 0);
    }
}
