//! Transfer of bytes between sockets and peers, without decisions.

mod alarm;
mod application;
mod driver;
mod guard;
mod joined;
mod prefixed;
mod tune;
mod websocket;

pub(crate) use application::Application;
pub(crate) use driver::Connection;
pub(crate) use joined::Joined;
pub(crate) use prefixed::Prefixed;
pub(crate) use tune::end_stalled;
pub use tune::tune_tcp;
