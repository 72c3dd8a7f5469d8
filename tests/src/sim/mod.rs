//! The simulator: both sessions and the server's core on virtual time, over a network that misbehaves by seed.

pub mod check;
pub mod feed;
pub mod link;
pub mod model;
pub mod page;
pub mod saboteur;
pub mod schedule;
