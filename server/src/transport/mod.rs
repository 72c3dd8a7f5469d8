//! Moves bytes between sockets and peers; decides nothing.

mod alarm;
mod application;
mod driver;
mod guard;
mod prefixed;
mod tune;
pub(crate) mod websocket;

pub(crate) use application::Application;
pub(crate) use driver::Connection;
pub(crate) use prefixed::Prefixed;
pub use tune::tune_tcp;
pub use websocket::transcript as websocket_transcript;
