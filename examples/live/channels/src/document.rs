//! Value of [`Live::Document`](crate::Live::Document).

use serde::{Deserialize, Serialize};

/// The watched file: its text, or the reason for having none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Document {
    /// Name of the file.
    pub name: String,
    /// Content of the file.
    #[serde(flatten)]
    pub content: Content,
}

/// Content of the watched file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The file's bytes as UTF-8.
    Text(String),
    /// Reason for the missing text, as a sentence for the page.
    Problem(String),
}
