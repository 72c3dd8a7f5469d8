//! Chat: checks a page's message for a room, which is a topic, and makes the entry.

use std::time::{SystemTime, UNIX_EPOCH};

use live_channels::{ChatMessage, Message, ROOMS};
use push_wire_server::HandlerError;

/// Longest name, in characters.
const NAME_CHARS: usize = 32;

/// Longest text, in characters.
const TEXT_CHARS: usize = 1000;

/// Checks a page's message for a topic; returns the topic and the entry to publish.
///
/// # Errors
/// The error text for the sender.
pub(crate) fn accept<'a>(
    topic: Option<&'a str>,
    chat_message: &ChatMessage,
) -> Result<(&'a str, Message), HandlerError> {
    let room = topic.unwrap_or_default();
    if !ROOMS.contains(&room) {
        return Err(no_room(room));
    }
    let message = Message {
        name: checked("name", &chat_message.name, NAME_CHARS)?,
        text: checked("text", &chat_message.text, TEXT_CHARS)?,
        at_s: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs(),
    };
    Ok((room, message))
}

fn no_room(name: &str) -> HandlerError {
    HandlerError::Refused(format!(
        "there is no room {name:?}; the rooms are {}",
        ROOMS.join(", ")
    ))
}

fn checked(what: &str, text: &str, max: usize) -> Result<String, HandlerError> {
    let refused = |why: String| Err(HandlerError::Refused(format!("the {what} {why}")));
    let text = text.trim();
    if text.is_empty() {
        return refused("is empty".into());
    }
    let length = text.chars().count();
    if length > max {
        return refused(format!(
            "has {length} characters; at most {max} are allowed"
        ));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return refused("has control characters".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat_message(name: &str, text: &str) -> ChatMessage {
        ChatMessage {
            name: name.into(),
            text: text.into(),
        }
    }

    #[test]
    fn accepts_message_for_its_room() {
        let (room, message) = accept(Some("garden"), &chat_message(" Wren ", "it rains")).unwrap();
        assert_eq!(room, "garden");
        assert_eq!(
            (message.name.as_str(), message.text.as_str()),
            ("Wren", "it rains")
        );
    }

    #[test]
    fn refused_message_gives_reason() {
        let lobby = Some("lobby");
        for (topic, said, part) in [
            (Some("cellar"), chat_message("a", "b"), "no room \"cellar\""),
            (None, chat_message("a", "b"), "no room \"\""),
            (lobby, chat_message(" ", "b"), "name is empty"),
            (
                lobby,
                chat_message("a", &"x".repeat(1001)),
                "has 1001 characters",
            ),
            (lobby, chat_message("a\u{7}", "b"), "control characters"),
        ] {
            let problem = accept(topic, &said).unwrap_err().to_string();
            assert!(problem.contains(part), "{said:?}: {problem}");
        }
    }
}
