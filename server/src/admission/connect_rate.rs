//! Rate of new connections of each network.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};

use super::AdmissionError;
use crate::limits::{NETWORKS_REMEMBERED, Rate};
use crate::network::Network;

type Middleware<C> = NoOpMiddleware<<C as Clock>::Instant>;
type Buckets<C> = RateLimiter<Network, HashMapStateStore<Network>, C, Middleware<C>>;

/// A token bucket for each network, at most [`NETWORKS_REMEMBERED`]. Those that are full again are removed when there is
/// no room for another one; if that leaves more than half, all are.
#[derive(Debug)]
pub(super) struct ConnectRate<C: Clock = MonotonicClock> {
    quota: Quota,
    clock: C,
    most: usize,
    buckets: Mutex<Buckets<C>>,
}

impl ConnectRate {
    pub(super) fn new(rate: Rate) -> Self {
        Self::with_clock(rate, MonotonicClock, NETWORKS_REMEMBERED)
    }
}

impl<C: Clock + Clone> ConnectRate<C> {
    fn with_clock(rate: Rate, clock: C, most: usize) -> Self {
        let nonzero = |number| NonZero::new(number).unwrap_or(NonZero::<u32>::MIN);
        let quota = Quota::per_second(nonzero(rate.per_second)).allow_burst(nonzero(rate.burst));
        Self {
            quota,
            buckets: Mutex::new(Buckets::hashmap_with_clock(quota, clock.clone())),
            clock,
            most,
        }
    }

    /// Takes a token of a network.
    pub(super) fn take(&self, network: Network) -> Result<(), AdmissionError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.most {
            self.make_room(&mut buckets);
        }
        let taken = buckets.check_key(&network);
        taken.map_err(|until: NotUntil<C::Instant>| {
            AdmissionError::Connects(until.wait_time_from(self.clock.now()))
        })
    }

    /// Removes buckets. At least half of the room is made at once, so that the cost is small for each new network.
    fn make_room(&self, buckets: &mut Buckets<C>) {
        buckets.retain_recent();
        if buckets.len() > self.most / 2 {
            *buckets = Buckets::hashmap_with_clock(self.quota, self.clock.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn network(number: u32) -> Network {
        Network::of(Ipv4Addr::from_bits(number).into())
    }

    fn rate(clock: &FakeRelativeClock, most: usize) -> ConnectRate<FakeRelativeClock> {
        ConnectRate::with_clock(Rate::new(2, 3), clock.clone(), most)
    }

    #[test]
    fn returns_time_to_wait() {
        let clock = FakeRelativeClock::default();
        let rate = rate(&clock, 10);
        for _ in 0..3 {
            assert_eq!(rate.take(network(1)), Ok(()));
        }
        let wait = Duration::from_millis(500);
        assert_eq!(rate.take(network(1)), Err(AdmissionError::Connects(wait)));
        clock.advance(wait);
        assert_eq!(rate.take(network(1)), Ok(()));
        assert!(rate.take(network(1)).is_err());
    }

    #[test]
    fn remembers_a_bounded_number_of_networks() {
        let clock = FakeRelativeClock::default();
        let rate = rate(&clock, 10);
        let len = || rate.buckets.lock().unwrap().len();
        for number in 0..1_000 {
            assert_eq!(rate.take(network(number)), Ok(()));
            assert!(len() <= 10);
        }
    }

    #[test]
    fn keeps_buckets_in_use() {
        let clock = FakeRelativeClock::default();
        let rate = rate(&clock, 10);
        (1..10).for_each(|number| rate.take(network(number)).unwrap());
        clock.advance(Duration::from_secs(60));
        for _ in 0..3 {
            rate.take(network(0)).unwrap();
        }
        assert_eq!(rate.take(network(10)), Ok(()));
        assert_eq!(rate.buckets.lock().unwrap().len(), 2);
        assert!(rate.take(network(0)).is_err());
    }
}
