//! Texts of a peer, cut before they are quoted in a message.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::limits::QUOTE_BYTES;

const ELLIPSIS: &str = "…";

/// The text, cut to [`QUOTE_BYTES`].
#[must_use]
pub fn quoted(text: &str) -> Cow<'_, str> {
    cut(text, QUOTE_BYTES)
}

/// The text, cut at a character boundary to at most `max_bytes`; a cut text ends with an ellipsis.
#[must_use]
pub fn cut(text: &str, max_bytes: usize) -> Cow<'_, str> {
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let kept = text.floor_char_boundary(max_bytes.saturating_sub(ELLIPSIS.len()));
    let mut cut = String::from(&text[..kept]);
    if max_bytes >= ELLIPSIS.len() {
        cut.push_str(ELLIPSIS);
    }
    Cow::Owned(cut)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cuts_at_a_character() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "lo…");
        assert_eq!(cut("žžžž", 6), "ž…");
        assert_eq!(cut("longer", 2), "");
    }

    proptest! {
        #[test]
        fn never_exceeds_the_limit(text: String, max_bytes in 0_usize..40) {
            prop_assert!(cut(&text, max_bytes).len() <= max_bytes.max(text.len().min(max_bytes)));
        }
    }
}
