//! Tests of `transport` and `relay`, with dispatchers that fail, panic, call back and are called by several threads.

mod dispatcher;
mod relay;
mod transport;
