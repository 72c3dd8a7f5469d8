//! Streaming parser of JSON text (RFC 8259).
//!
//! It is not `serde_json`'s, because `serde_json`'s representation of a number depends on features that any crate of a
//! build may turn on (`arbitrary_precision`), and because a tree of values takes ten times the memory of the text.

use alloc::string::String;

use crate::encoding::DecodeError;
use crate::encoding::codec::Container;

/// A value that is no container.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Uint(u64),
    /// Below zero.
    Int(i64),
    /// Written with a fraction or an exponent, or beyond the integers; also -0.
    Double(f64),
    Text(&'a str),
}

/// Receiver of the values of a text, in their order; a map's keys are texts before their values.
pub(super) trait Values {
    fn scalar(&mut self, value: Scalar<'_>);
    /// A container begins. Returns what [`close`](Self::close) is given with its number of items (pairs, of a map).
    fn open(&mut self, container: Container) -> usize;
    fn close(&mut self, opened: usize, items: usize);
}

/// Reads the one value of a text, which may be nested `depth` levels.
pub(super) fn read(text: &str, depth: usize, values: &mut impl Values) -> Result<(), DecodeError> {
    let mut reader = Reader {
        text,
        at: 0,
        unescaped: String::new(),
        values,
    };
    reader.value(depth)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(()),
        Some(_) => Err(DecodeError::TrailingBytes { at: reader.at }),
    }
}

struct Reader<'a, 'v, V> {
    text: &'a str,
    at: usize,
    /// The last text that had escapes.
    unescaped: String,
    values: &'v mut V,
}

const fn malformed<T>(expected: &'static str, at: usize) -> Result<T, DecodeError> {
    Err(DecodeError::Malformed { expected, at })
}

impl<V: Values> Reader<'_, '_, V> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Consumes this byte if it comes next, after white space; returns whether it does.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<(), DecodeError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.container(Container::Map, depth),
            Some(b'[') => self.container(Container::List, depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Scalar::Bool(true)),
            Some(b'f') => self.word("false", Scalar::Bool(false)),
            Some(b'n') => self.word("null", Scalar::Null),
            _ => malformed("a value", self.at),
        }
    }

    fn word(&mut self, word: &'static str, value: Scalar<'_>) -> Result<(), DecodeError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return malformed(word, self.at);
        }
        self.at += word.len();
        self.values.scalar(value);
        Ok(())
    }

    fn container(&mut self, container: Container, depth: usize) -> Result<(), DecodeError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(DecodeError::TooDeep { at: self.at });
        };
        let (end, expected) = match container {
            Container::List => (b']', "a comma or the end of the list"),
            Container::Map => (b'}', "a comma or the end of the map"),
        };
        self.at += 1;
        let opened = self.values.open(container);
        let mut items = 0;
        if !self.take(end) {
            loop {
                if container == Container::Map {
                    self.key()?;
                }
                self.value(depth)?;
                items += 1;
                if self.take(end) {
                    break;
                }
                if !self.take(b',') {
                    return malformed(expected, self.at);
                }
            }
        }
        self.values.close(opened, items);
        Ok(())
    }

    fn key(&mut self) -> Result<(), DecodeError> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return malformed("a key", self.at);
        }
        self.string()?;
        if self.take(b':') {
            return Ok(());
        }
        malformed("a colon", self.at)
    }

    /// A string, at whose quotation mark the reader stands.
    fn string(&mut self) -> Result<(), DecodeError> {
        self.at += 1;
        self.unescaped.clear();
        let mut has_escapes = false;
        loop {
            let start = self.at;
            let rest = &self.text.as_bytes()[start..];
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            let Some(plain) = plain else {
                return malformed("the end of the string", self.text.len());
            };
            let piece = &self.text[start..start + plain];
            self.at += plain;
            match rest[plain] {
                b'"' if has_escapes => {
                    self.unescaped.push_str(piece);
                    self.values.scalar(Scalar::Text(&self.unescaped));
                }
                b'"' => self.values.scalar(Scalar::Text(piece)),
                b'\\' => {
                    has_escapes = true;
                    self.unescaped.push_str(piece);
                    let c = self.escape()?;
                    self.unescaped.push(c);
                    continue;
                }
                _ => return malformed("no control character in a string", self.at),
            }
            self.at += 1;
            return Ok(());
        }
    }

    /// An escape, at whose backslash the reader stands.
    fn escape(&mut self) -> Result<char, DecodeError> {
        let start = self.at;
        self.at += 1;
        let escape = self.peek();
        self.at += 1;
        match escape {
            Some(c @ (b'"' | b'\\' | b'/')) => Ok(char::from(c)),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode_escape(start),
            _ => malformed("an escape", start),
        }
    }

    /// The digits of an escape that began at `start`, and the second escape of a surrogate pair.
    fn unicode_escape(&mut self, start: usize) -> Result<char, DecodeError> {
        let first = self.four_digits(start)?;
        let mut units = [first, 0];
        let mut len = 1;
        if matches!(first, 0xd800..0xdc00) && self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            self.at += 2;
            units[1] = self.four_digits(start)?;
            len = 2;
        }
        match char::decode_utf16(units[..len].iter().copied()).next() {
            Some(Ok(c)) => Ok(c),
            _ => malformed("a character, not a lone surrogate", start),
        }
    }

    fn four_digits(&mut self, start: usize) -> Result<u16, DecodeError> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        self.at += 4;
        match digits.map(|digits| u16::from_str_radix(digits, 16)) {
            Some(Ok(unit)) => Ok(unit),
            _ => malformed("four hexadecimal digits", start),
        }
    }

    fn number(&mut self) -> Result<(), DecodeError> {
        let start = self.at;
        let is_negative = self.take_sign(b"-");
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return malformed("a number", start);
        }
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            is_integer = false;
            if self.digits() == 0 {
                return malformed("digits after the point", self.at);
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            is_integer = false;
            self.take_sign(b"+-");
            if self.digits() == 0 {
                return malformed("digits of the exponent", self.at);
            }
        }
        let text = &self.text[start..self.at];
        let value = match text {
            "-0" => Scalar::Double(-0.0),
            _ => match integer(text, is_negative).filter(|_| is_integer) {
                Some(integer) => integer,
                None => double(text, start)?,
            },
        };
        self.values.scalar(value);
        Ok(())
    }

    fn take_sign(&mut self, signs: &[u8]) -> bool {
        let is_next = self.peek().is_some_and(|byte| signs.contains(&byte));
        self.at += usize::from(is_next);
        is_next
    }

    /// Skips digits; returns their number.
    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        digits
    }
}

/// `None` beyond 64 bits: JavaScript writes doubles below 10^21 without an exponent.
fn integer(text: &str, is_negative: bool) -> Option<Scalar<'static>> {
    if is_negative {
        text.parse().ok().map(Scalar::Int)
    } else {
        text.parse().ok().map(Scalar::Uint)
    }
}

fn double(text: &str, at: usize) -> Result<Scalar<'static>, DecodeError> {
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => Ok(Scalar::Double(n)),
        _ => malformed("a number in the range of double precision", at),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::limits::NESTING;

    /// The values as a tree, to compare with `serde_json`'s.
    #[derive(Default)]
    struct Tree(Vec<(Container, Vec<Value>)>, Option<Value>);

    impl Tree {
        fn add(&mut self, value: Value) {
            match self.0.last_mut() {
                Some((_, items)) => items.push(value),
                None => self.1 = Some(value),
            }
        }
    }

    impl Values for Tree {
        fn scalar(&mut self, value: Scalar<'_>) {
            self.add(match value {
                Scalar::Null => Value::Null,
                Scalar::Bool(value) => value.into(),
                Scalar::Uint(n) => n.into(),
                Scalar::Int(n) => n.into(),
                Scalar::Double(n) => n.into(),
                Scalar::Text(text) => text.into(),
            });
        }

        fn open(&mut self, container: Container) -> usize {
            self.0.push((container, vec![]));
            self.0.len()
        }

        fn close(&mut self, opened: usize, items: usize) {
            assert_eq!(opened, self.0.len());
            let (container, values) = self.0.pop().unwrap();
            let value = match container {
                Container::List => Value::from(values.clone()),
                Container::Map => {
                    let pairs = values.chunks(2);
                    let pair =
                        |pair: &[Value]| (pair[0].as_str().unwrap().to_string(), pair[1].clone());
                    Value::Object(pairs.map(pair).collect())
                }
            };
            let expected = match container {
                Container::List => values.len(),
                Container::Map => values.len() / 2,
            };
            assert_eq!(items, expected);
            self.add(value);
        }
    }

    fn tree(text: &str) -> Result<Value, DecodeError> {
        let mut tree = Tree::default();
        read(text, NESTING, &mut tree)?;
        Ok(tree.1.unwrap())
    }

    proptest! {
        /// On text made of JSON's pieces both parsers agree.
        #[test]
        fn reads_as_serde_json_does(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
            let text: String = pieces.concat();
            match (tree(&text), serde_json::from_str::<Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
                (Err(_), Err(_)) => {}
                (ours, theirs) => prop_assert!(false, "{}: {:?} {:?}", text, ours, theirs),
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            prop_assert_eq!(tree(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok());
        }
    }

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        "\"a\"",
        "\"\"",
        "\"é\\n\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\",
        "\"",
        "0",
        "-0",
        "-",
        "12",
        "1.5",
        "1e3",
        "1e-3",
        "1e400",
        "-1e999",
        "01",
        "1.",
        ".5",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "true",
        "false",
        "null",
        "tru",
        "\u{1}",
        "[1,2]",
        "{\"k\":[]}",
    ];

    #[test]
    fn numbers_out_of_range_are_errors() {
        let digits = "9".repeat(400);
        for text in ["1e400", "[-1e400]", &digits] {
            let at = usize::from(text.starts_with('['));
            let expected = "a number in the range of double precision";
            assert_eq!(tree(text), malformed(expected, at), "{text}");
        }
        for text in [
            "18446744073709551615",
            "-9223372036854775808",
            "1e308",
            "1e-400",
        ] {
            assert!(tree(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn integers_beyond_64_bits_are_doubles() {
        for (text, value) in [
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            ("-9223372036854775809", -9_223_372_036_854_775_808.0),
            ("100000000000000000000", 1e20),
        ] {
            assert_eq!(tree(text), Ok(value.into()), "{text}");
        }
    }

    #[test]
    fn lone_surrogates_are_errors() {
        for text in [
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud800\u0041""#,
            r#""\ud800x""#,
        ] {
            assert!(tree(text).is_err(), "{text}");
        }
        assert_eq!(tree(r#""\ud83d\ude00""#), Ok("😀".into()));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels| ["[".repeat(levels), "]".repeat(levels)].concat();
        assert!(tree(&nested(NESTING)).is_ok());
        let at = NESTING;
        assert_eq!(tree(&nested(NESTING + 1)), Err(DecodeError::TooDeep { at }));
        assert!(tree(&"[".repeat(1_000_000)).is_err());
    }
}
