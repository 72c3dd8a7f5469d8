//! Content of a body: a value or bytes.

/// Content of a body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Content {
    /// A value in the connection's encoding.
    #[default]
    Value,
    /// Bytes that only the application interprets.
    Bytes,
}
