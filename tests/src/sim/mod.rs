//! The simulator: both sessions and the server's core on virtual time, over a network that misbehaves by seed.
//!
//! A [`schedule`] says what happens, a [`world`] makes it happen, the [`model`] knows the truth, and [`check`] compares it
//! with what pages are handed after every step.

pub mod check;
pub mod dictionary;
pub mod feed;
pub mod line;
pub mod link;
pub mod model;
pub mod node;
pub mod odd;
pub mod odd_message;
pub mod odd_peer;
pub mod page;
pub mod runner;
pub mod saboteur;
pub mod schedule;
pub mod server_end;
pub mod strangers;
pub mod tally;
pub mod world;
