//! The simulator: client sessions and the server's core on virtual time, over a network whose faults a seed decides.
//!
//! A [`schedule`] lists the operations of a run, a [`world`] carries them out, the [`model`] records what was
//! published, and [`check`] compares that with what pages were given after every step.

pub mod application;
pub mod check;
pub mod dictionary;
pub mod fault_injector;
pub mod feed;
pub mod hostile_peers;
pub mod line;
pub mod link;
pub mod model;
pub mod node;
pub mod odd;
pub mod odd_message;
pub mod odd_peer;
pub mod page;
pub mod runner;
pub mod schedule;
pub mod seat;
pub mod server_end;
pub mod tally;
pub mod wish;
pub mod world;
