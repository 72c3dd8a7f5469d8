//! Patterns of topics, in which `*` stands for any run of characters.

/// A set of topics: all of a channel and the channel itself, or those that match one of the patterns.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Topics {
    is_whole: bool,
    patterns: Vec<Box<str>>,
}

impl Topics {
    /// The channel itself and all its topics.
    pub(super) const WHOLE: Self = Self {
        is_whole: true,
        patterns: Vec::new(),
    };

    /// Adds the topics that match one of the patterns.
    pub(super) fn add<P: Into<String>>(&mut self, patterns: impl IntoIterator<Item = P>) {
        let patterns = patterns.into_iter().map(|p| p.into().into_boxed_str());
        self.patterns.extend(patterns);
    }

    /// Returns whether the topic is in the set; without a topic, whether the channel itself is.
    pub(super) fn contains(&self, topic: Option<&str>) -> bool {
        let matches = |topic| self.patterns.iter().any(|pattern| matches(pattern, topic));
        self.is_whole || topic.is_some_and(matches)
    }
}

/// Returns whether the text matches the pattern.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    // Taking the leftmost place for each middle part leaves the most room for the parts after it.
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        let Some(at) = text.find(part) else {
            return false;
        };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_exclude_the_channel() {
        let mut topics = Topics::default();
        topics.add(["lobby", "*"]);
        assert!(topics.contains(Some("lobby")) && topics.contains(Some("any")));
        assert!(!topics.contains(None));
        assert!(Topics::WHOLE.contains(None) && Topics::WHOLE.contains(Some("any")));
        assert!(!Topics::default().contains(Some("any")));
    }

    #[test]
    fn star_matches_any_characters() {
        for (pattern, text, expected) in [
            ("lobby", "lobby", true),
            ("lobby", "lobby2", false),
            ("*", "", true),
            ("room-*", "room-", true),
            ("room-*", "broom-1", false),
            ("*-eu", "prices-eu", true),
            ("*-eu", "prices-us", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("a*ba", "aba", true),
            ("ab*ba", "aba", false),
            ("*é*", "café!", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
