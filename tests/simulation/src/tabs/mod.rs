//! Tabs that share one connection, on virtual time, against the server's core: their messages to each other, the election of
//! the leader, and the faults of tabs, browser, network and server are drawn from a seed.
//!
//! Checked: each tab is given each entry of a stream once and in order, whoever leads. Each of its sends is carried out once at
//! most, and confirmed only if it was carried out. When the faults end, all tabs are connected over one connection, have
//! all entries, and wait for no answer.

mod browser;
mod reader;
mod run;
mod server;
mod tab;
mod tally;
mod world;

pub use run::{TabsFailure, TabsFault, run_tabs};
pub use tally::TabsTally;
