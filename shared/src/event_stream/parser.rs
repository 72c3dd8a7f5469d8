//! Parser of the event stream format (HTML, section "Parsing an event stream").

use alloc::vec::Vec;

/// One event.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct StreamEvent {
    /// The field `event` as it arrived, also if it is not UTF-8; empty if there is none.
    pub name: Vec<u8>,
    /// The lines of data, each with a line feed after it but for the last. Bytes that are not UTF-8 are kept.
    pub data: Vec<u8>,
}

/// Error of an event above the parser's limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an event of more than {limit} bytes")]
pub struct EventTooLarge {
    /// The limit, in bytes.
    pub limit: usize,
}

/// Parser of an event stream that arrives in pieces. The fields `id` and `retry` are left out, as are comments.
#[derive(Debug)]
pub struct EventParser {
    limit: usize,
    /// The incomplete line.
    line: Vec<u8>,
    /// The incomplete event.
    name: Vec<u8>,
    data: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it belongs to it.
    after_return: bool,
    /// No line has been read yet: a byte order mark may come.
    is_first: bool,
}

impl EventParser {
    /// A parser of events with lines and data of at most `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            name: Vec::new(),
            data: Vec::new(),
            after_return: false,
            is_first: true,
        }
    }

    /// Takes the next bytes, and passes the events that they complete to `each`.
    ///
    /// # Errors
    /// [`EventTooLarge`]; the stream cannot be read on.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(StreamEvent),
    ) -> Result<(), EventTooLarge> {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend(&bytes[..end])?;
            let ended_by_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if ended_by_return {
                self.after_return = bytes.is_empty();
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
            each_event(self.end_line()?, &mut each);
        }
        self.extend(bytes)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        self.check(self.line.len() + bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    const fn check(&self, bytes: usize) -> Result<(), EventTooLarge> {
        // A line has the name of its field before the data.
        let limit = self.limit;
        if bytes > limit.saturating_add(FIELD_BYTES) {
            return Err(EventTooLarge { limit });
        }
        Ok(())
    }

    /// Handles a complete line. Returns the event that it completes.
    fn end_line(&mut self) -> Result<Option<StreamEvent>, EventTooLarge> {
        let line = core::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if core::mem::take(&mut self.is_first) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.end_event());
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                self.check(self.data.len() + value.len())?;
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.name = value.into(),
            _ => {}
        }
        Ok(None)
    }

    /// Ends the event. One without data is none.
    fn end_event(&mut self) -> Option<StreamEvent> {
        let name = core::mem::take(&mut self.name);
        let mut data = core::mem::take(&mut self.data);
        data.pop()?;
        Some(StreamEvent { name, data })
    }
}

/// Bytes of a line beside its data: the longest name of a field, a colon and a blank.
const FIELD_BYTES: usize = 7;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn each_event(event: Option<StreamEvent>, each: &mut impl FnMut(StreamEvent)) {
    event.into_iter().for_each(each);
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &[u8]) -> Vec<(String, String)> {
        let mut events = Vec::new();
        let mut parser = EventParser::new(1_000);
        parser.push(text, |event| events.push(event)).unwrap();
        let utf8 = |bytes| String::from_utf8(bytes).unwrap();
        let text = |event: StreamEvent| (utf8(event.name), utf8(event.data));
        events.into_iter().map(text).collect()
    }

    fn data(text: &[u8]) -> Vec<String> {
        parsed(text).into_iter().map(|(_, data)| data).collect()
    }

    /// The cases of the web platform tests (`eventsource/format-*`), in our words.
    #[test]
    fn reads_the_format() {
        for (text, expected) in [
            (
                &b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n"[..],
                vec!["1", "3"],
            ),
            (b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\n", vec!["2"]),
            (b"data:one\n:\r data:\n:\ndata:two\n\n", vec!["one\ntwo"]),
            (b"data:test1\n\n:data:test2\n\n", vec!["test1"]),
            (
                b"data\n\ndata\ndata\n\ndata:test\n\n",
                vec!["", "\n", "test"],
            ),
            (
                b"data:test\r\rdata:a\r\n\r\ndata:b\n\n",
                vec!["test", "a", "b"],
            ),
            (
                b"data: spaced\n\ndata:  twice\n\ndata:\ttab\n\n",
                vec!["spaced", " twice", "\ttab"],
            ),
            (
                b"Data:upper\ndata :blank\n data:before\ndata:1\n\n",
                vec!["1"],
            ),
            (b"data:unfinished\n", vec![]),
            (b"id: 7\nretry: 10\nnothing\ndata:1\n\n", vec!["1"]),
            (b"data:a\x00b\n\n", vec!["a\0b"]),
            (b"\n\n\ndata:1\n\n\n\n", vec!["1"]),
        ] {
            assert_eq!(data(text), expected, "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn names_belong_to_one_event() {
        let text = b"event: close\ndata: 1\n\ndata: 2\n\nevent: a\nevent: b\ndata: 3\n\nevent: c\n\ndata:4\n\n";
        let expected = [("close", "1"), ("", "2"), ("b", "3"), ("", "4")];
        let expected = expected.map(|(name, data)| (name.into(), data.into()));
        assert_eq!(parsed(text), expected);
    }

    #[test]
    fn large_events_are_refused() {
        for text in [
            [&b"data:"[..], &[b'x'; 1_100]].concat(),
            b"data:0123456789\n".repeat(101),
            vec![b'x'; 1_100],
        ] {
            let mut parser = EventParser::new(1_000);
            let result = text
                .chunks(7)
                .try_for_each(|piece| parser.push(piece, |_| {}));
            assert_eq!(result, Err(EventTooLarge { limit: 1_000 }));
            assert!(parser.line.len() + parser.data.len() < 2_100);
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            text in "(data|event|id|:|[ \r\n]|\r\n|x){0,60}",
            cuts in prop::collection::vec(0usize..200, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut parser = EventParser::new(1_000);
            let (mut events, mut from) = (Vec::new(), 0);
            for to in cuts.into_iter().chain([text.len()]) {
                let piece = &text.as_bytes()[from..to];
                parser.push(piece, |event| events.push(event)).unwrap();
                from = to;
            }
            let mut whole = Vec::new();
            EventParser::new(1_000).push(text.as_bytes(), |event| whole.push(event)).unwrap();
            prop_assert_eq!(events, whole);
        }
    }
}
