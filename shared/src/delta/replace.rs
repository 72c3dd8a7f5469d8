//! The published text deltas (`PayloadDelta`), which replace the whole content. For programs only: the sessions do not
//! use them.
//!
//! Deltas that are smaller than the value are made by [`encode`](super::encode) and [`apply`](super::apply).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::check;

/// Change from the content at `base_cursor` to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadDelta {
    /// Cursor of the content that the ops refer to.
    pub base_cursor: u64,
    /// Carried out in order; none if nothing changes.
    pub ops: Vec<DeltaOp>,
}

/// One step of a [`PayloadDelta`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeltaOp {
    /// All of the content is new.
    Replace {
        /// SHA-256 of `content`: 64 lowercase hex digits.
        sha: String,
        /// The new content.
        content: String,
    },
}

/// Result of applying a [`PayloadDelta`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeltaApplyResult {
    /// The new content.
    Applied {
        /// SHA-256 of `content`: 64 lowercase hex digits.
        sha: String,
        /// The new content.
        content: String,
    },
    /// The delta carries no content, or content that does not match its hash: request the whole content.
    NeedsFullSync,
}

/// Error of a [`PayloadDelta`] that cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// Its base is not the current content.
    #[error(
        "the delta's base cursor is not that of the current content: request the whole content"
    )]
    BaseMismatch,
}

/// A delta that replaces `current` by `next`; without ops if they are equal.
#[must_use]
pub fn compute_delta(base_cursor: u64, current: &str, next: &str) -> PayloadDelta {
    let ops = if current == next {
        Vec::new()
    } else {
        vec![DeltaOp::Replace {
            sha: hex_sha(next),
            content: next.into(),
        }]
    };
    PayloadDelta { base_cursor, ops }
}

/// Applies a delta to the content that is at `current_cursor`. The current content's hash is not checked, since it is
/// replaced whole.
///
/// # Errors
/// Fails if the delta's base is not at `current_cursor`.
pub fn apply_delta(
    current_cursor: u64,
    _current_sha: &str,
    delta: PayloadDelta,
) -> Result<DeltaApplyResult, DeltaError> {
    if delta.base_cursor != current_cursor {
        return Err(DeltaError::BaseMismatch);
    }
    // Each op replaces what the ones before it made.
    let Some(DeltaOp::Replace { sha, content }) = delta.ops.into_iter().next_back() else {
        return Ok(DeltaApplyResult::NeedsFullSync);
    };
    if hex_sha(&content) != sha {
        return Ok(DeltaApplyResult::NeedsFullSync);
    }
    Ok(DeltaApplyResult::Applied { sha, content })
}

fn hex_sha(content: &str) -> String {
    hex::encode(check(content.as_bytes()).sha256())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_content_is_replaced() {
        let delta = compute_delta(7, "old", "abc");
        assert_eq!(delta.base_cursor, 7);
        let Ok(DeltaApplyResult::Applied { sha, content }) = apply_delta(7, "", delta) else {
            panic!("not applied");
        };
        assert_eq!(content, "abc");
        assert_eq!(
            sha,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn equal_content_has_no_ops() {
        let delta = compute_delta(7, "same", "same");
        assert!(delta.ops.is_empty());
        assert_eq!(
            apply_delta(7, "", delta),
            Ok(DeltaApplyResult::NeedsFullSync)
        );
    }

    #[test]
    fn another_base_is_an_error() {
        let delta = compute_delta(7, "old", "new");
        assert_eq!(apply_delta(8, "", delta), Err(DeltaError::BaseMismatch));
    }

    #[test]
    fn refuses_content_of_other_hash() {
        let mut delta = compute_delta(7, "old", "new");
        let DeltaOp::Replace { content, .. } = &mut delta.ops[0];
        content.push('!');
        assert_eq!(
            apply_delta(7, "", delta),
            Ok(DeltaApplyResult::NeedsFullSync)
        );
    }
}
