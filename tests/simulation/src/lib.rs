//! The simulator: client sessions and the server's core on virtual time, over a network with faults drawn from a seed.
//!
//! A [`schedule`] lists the operations of a run, a [`world`] carries them out, the [`model`] records what was
//! published, and [`check`] compares each event of a page with that record.

pub mod application;
pub mod attempt;
mod body;
pub mod check;
pub mod connection;
pub mod credential;
pub mod dictionary;
pub mod excess;
pub mod excess_connection;
pub mod fault_injector;
pub mod feed;
pub mod hostile_peers;
pub mod hub_config;
pub mod lane_watch;
pub mod link;
pub mod model;
pub mod node;
pub mod operation;
pub mod page;
mod page_config;
pub mod page_host;
pub mod page_request;
pub mod peers;
pub mod posts;
pub mod raw_client;
pub mod raw_connection;
pub mod raw_message;
pub mod rooms;
pub mod runner;
pub mod schedule;
pub mod server_end;
pub mod tabs;
pub mod tally;
pub mod world;
