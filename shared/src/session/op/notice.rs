//! Notices of the application to one client: state, request to send less, and features.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::bounded::{BoundedText, cut_opt_text, cut_text, list, opt_text, text};
use crate::limits::{FEATURE_BYTES, FEATURES, TEXT_BYTES};

/// A notice of the application about the server, for one client. push-wire attaches no effect to it.
///
/// Its JSON is that of the [`SystemOp`](crate::SystemOp) of the same name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum SystemNotice {
    /// State of the server.
    Health(Health),
    /// The client sends more than the server can take.
    Slow(Slow),
    /// Features of the server, and those that it requests.
    Features(Features),
}

/// State of the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Health {
    /// One word, such as `ok`; at most 1 KiB.
    #[serde(
        serialize_with = "cut_text::<_, _, TEXT_BYTES>",
        deserialize_with = "text::<_, TEXT_BYTES>"
    )]
    pub status: String,
    /// Longer description; at most 1 KiB.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "cut_opt_text::<_, TEXT_BYTES>",
        deserialize_with = "opt_text::<_, TEXT_BYTES>"
    )]
    pub detail: Option<String>,
}

/// Request to send less.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Slow {
    /// Number of messages that the server can take at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
}

/// Features, by names that the application chooses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Features {
    /// Features that the server has: at most 32 names of at most 48 bytes.
    #[serde(default, deserialize_with = "names")]
    pub supported: Vec<String>,
    /// Features that it requests, with the same limits.
    #[serde(default, deserialize_with = "names")]
    pub requested: Vec<String>,
}

fn names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names: Vec<BoundedText<FEATURE_BYTES>> = list::<_, _, FEATURES>(deserializer)?;
    Ok(names.into_iter().map(BoundedText::into_string).collect())
}

impl Features {
    /// Returns whether receivers take these: the number of names and their length are within the limits.
    #[must_use]
    pub fn are_within_limits(&self) -> bool {
        [&self.supported, &self.requested].iter().all(|names| {
            names.len() <= FEATURES && names.iter().all(|name| name.len() <= FEATURE_BYTES)
        })
    }
}
