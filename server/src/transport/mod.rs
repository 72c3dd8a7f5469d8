//! Moves bytes between sockets and peers; decides nothing.

mod alarm;
mod application;
mod driver;
mod guard;
pub(crate) mod websocket;

pub(crate) use application::Application;
pub(crate) use driver::Connection;
