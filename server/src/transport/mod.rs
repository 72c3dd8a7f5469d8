//! Moves bytes between sockets and peers; decides nothing.

mod alarm;
mod application;
mod driver;
mod guard;
mod prefixed;
mod unsent;
pub(crate) mod websocket;

pub(crate) use application::Application;
pub(crate) use driver::Connection;
pub(crate) use prefixed::Prefixed;
pub use unsent::limit_unsent;
pub use websocket::transcript as websocket_transcript;
