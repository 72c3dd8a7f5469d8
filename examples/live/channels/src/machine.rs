//! Value of [`Live::Machine`](crate::Live::Machine).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Readings of one counter, newest last; fewer than [`Machine::samples`] in the first minute.
pub type Series = VecDeque<u64>;

/// Newest reading of the machine's counters, and the minute before it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Machine {
    /// Reason for missing readings, as a sentence for the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Time of the sample, in milliseconds since 1970 by the machine's clock.
    pub sampled_ms: u64,
    /// Time between two samples, in milliseconds.
    pub every_ms: u64,
    /// Number of samples of a full minute.
    pub samples: usize,
    /// Time since the machine was started, in seconds.
    pub up_s: u64,
    /// Load of the last minute, 5 and 15 minutes.
    pub load: [f32; 3],
    /// Name of the machine.
    pub host: String,
    /// The last minute.
    #[serde(flatten)]
    pub history: History,
}

/// Readings of the last minute.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct History {
    /// Busy time of each core, in percent.
    pub cores: Vec<Series>,
    /// Memory, in megabytes.
    pub memory: Memory,
    /// Traffic of the network, in bytes a second.
    pub network: Network,
    /// Traffic of the disks, in bytes a second.
    pub disk: Disk,
}

/// Memory, in megabytes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// Memory in use.
    pub used: Series,
}

/// Traffic of the network, in bytes a second.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Network {
    /// Bytes received.
    pub r#in: Series,
    /// Bytes sent.
    pub out: Series,
    /// Bytes through the loopback.
    pub local: Series,
}

/// Traffic of the disks, in bytes a second.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Disk {
    /// Bytes read.
    pub read: Series,
    /// Bytes written.
    pub write: Series,
}
