//! [`SignallingConfig`]: limits of rooms, and of each client's messages.

use core::time::Duration;

use crate::limits::{
    RTC_BURST_BYTES, RTC_BYTES_PER_SECOND, RTC_CLIENT_ROOMS, RTC_LIST_DELAY, RTC_OWNER_MEMBERS,
    RTC_OWNER_ROOMS, RTC_ROOM_MEMBERS, RTC_ROOMS,
};
use crate::relay::RelayBandwidth;

/// Limits of a [`Signalling`](super::Signalling).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignallingConfig {
    /// Clients in one room; default 64.
    pub room_members: usize,
    /// Clients of one owner in one room; default 32. The owner is that of [`Sender::owner`](super::Sender::owner).
    pub owner_members: usize,
    /// Rooms of one client at once; default 16.
    pub client_rooms: usize,
    /// Rooms at once that clients of one owner have opened; default 8,192.
    pub owner_rooms: usize,
    /// Rooms at once; default 65,536.
    pub rooms: usize,
    /// Rate of each client's messages; default 64 KiB a second, 1 MiB at once. A message takes its bytes and 1 KiB.
    pub bandwidth: RelayBandwidth,
    /// Time over which joins and leaves are collected before the members of their rooms are sent new lists; default
    /// 100 ms.
    pub list_delay: Duration,
}

impl Default for SignallingConfig {
    fn default() -> Self {
        Self {
            room_members: RTC_ROOM_MEMBERS,
            owner_members: RTC_OWNER_MEMBERS,
            client_rooms: RTC_CLIENT_ROOMS,
            owner_rooms: RTC_OWNER_ROOMS,
            rooms: RTC_ROOMS,
            bandwidth: RelayBandwidth {
                bytes_per_second: RTC_BYTES_PER_SECOND,
                burst_bytes: RTC_BURST_BYTES,
            },
            list_delay: RTC_LIST_DELAY,
        }
    }
}
