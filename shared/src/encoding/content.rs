//! Whether a body is a value or bytes.

/// What a body is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Content {
    /// A value in the connection's encoding.
    #[default]
    Value,
    /// Bytes that mean something to the application only.
    Bytes,
}
