//! Chat: checks a page's message, and makes the entry for the topic of its room.

use std::time::{SystemTime, UNIX_EPOCH};

use push_wire_server::HandlerError;
use serde::{Deserialize, Serialize};

/// The rooms: a fixed list, so that clients cannot create topics without limit.
pub(crate) const ROOMS: [&str; 3] = ["lobby", "workshop", "garden"];

/// Longest name, in characters.
const NAME_CHARS: usize = 32;

/// Longest text, in characters.
const TEXT_CHARS: usize = 1000;

/// Message of a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatMessage {
    room: String,
    name: String,
    text: String,
}

/// An entry of a room's topic.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    name: String,
    text: String,
    /// Time at which the server accepted it, in seconds since 1970.
    at_s: u64,
}

/// Checks a page's message; returns the room's topic and the entry to publish.
///
/// # Errors
/// The error text for the sender.
pub(crate) fn accept(chat_message: &ChatMessage) -> Result<(&'static str, Message), HandlerError> {
    let room = ROOMS
        .into_iter()
        .find(|room| *room == chat_message.room)
        .ok_or_else(|| no_room(&chat_message.room))?;
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

    fn chat_message(room: &str, name: &str, text: &str) -> ChatMessage {
        ChatMessage {
            room: room.into(),
            name: name.into(),
            text: text.into(),
        }
    }

    #[test]
    fn accepts_message_for_its_room() {
        let (room, message) = accept(&chat_message("garden", " Wren ", "it rains")).unwrap();
        assert_eq!(room, "garden");
        assert_eq!(
            (message.name.as_str(), message.text.as_str()),
            ("Wren", "it rains")
        );
    }

    #[test]
    fn refused_message_gives_reason() {
        for (said, part) in [
            (chat_message("cellar", "a", "b"), "no room \"cellar\""),
            (chat_message("lobby", " ", "b"), "name is empty"),
            (
                chat_message("lobby", "a", &"x".repeat(1001)),
                "has 1001 characters",
            ),
            (chat_message("lobby", "a\u{7}", "b"), "control characters"),
        ] {
            let problem = accept(&said).unwrap_err().to_string();
            assert!(problem.contains(part), "{said:?}: {problem}");
        }
    }
}
