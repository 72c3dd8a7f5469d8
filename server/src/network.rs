//! Networks, by which clients without identity are counted.

use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address that name a network (64): a site has at least a /64 to itself.
const IPV6_NETWORK_BITS: u32 = 64;

/// An IPv4 address, or the first 64 bits of an IPv6 address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The network of an address. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let bits = address.to_bits() & !(u128::MAX >> IPV6_NETWORK_BITS);
                Ipv6Addr::from_bits(bits).into()
            }
        })
    }
}
