//! Errors as they are thrown: each has a code.

use push_wire_shared::session::client::{ConfigError, SendError as QueueError, SubscribeError};
use wasm_bindgen::JsValue;

use super::ClientHooks;
use crate::driver::Answer;
use crate::{ConnectError, clock};

impl ClientHooks {
    /// An error without argument.
    pub(crate) fn plain(&self, code: &str, message: &str) -> JsValue {
        self.error(code, message, None, None)
    }

    /// The error of a client that is closed.
    pub(crate) fn closed(&self) -> JsValue {
        self.plain("closed", "the client is closed")
    }

    pub(crate) fn connect_error(&self, error: &ConnectError) -> JsValue {
        let text = error.to_string();
        match error {
            ConnectError::Url { .. } => self.plain("bad_url", &text),
            ConnectError::NoCrypto => self.plain("no_crypto", &text),
            ConnectError::Config(ConfigError::TokenBytes(_)) => self.error(
                "bad_argument",
                "token is larger than 16 KiB",
                Some("token"),
                None,
            ),
            ConnectError::LeftOut { setting, .. } => {
                self.error("bad_argument", &text, Some(*setting), None)
            }
            ConnectError::Config(_) => self.plain("bad_argument", &text),
        }
    }

    pub(crate) fn subscribe_error(&self, error: SubscribeError) -> JsValue {
        let (code, argument) = match error {
            SubscribeError::BadTopic => ("bad_topic", Some("topic")),
            SubscribeError::BadChannel => ("bad_argument", Some("channel")),
            SubscribeError::Duplicate(_) => ("duplicate", None),
            SubscribeError::TooMany => ("too_many_subscriptions", None),
            _ => ("bad_argument", None),
        };
        self.error(code, &error.to_string(), argument, None)
    }

    /// The error of a send that was not queued; `end` is the reason for which the client was closed, empty if none is known.
    pub(crate) fn queue_error(&self, error: QueueError, end: &str) -> JsValue {
        let (code, argument) = match error {
            QueueError::QueueFull => ("queue_full", None),
            QueueError::TooLarge { .. } => ("too_large", None),
            QueueError::Closed if end.is_empty() => return self.closed(),
            QueueError::Closed => {
                return self.plain("closed", &format!("the client is closed: {end}"));
            }
            QueueError::BadTopic => ("bad_topic", Some("topic")),
        };
        self.error(code, &error.to_string(), argument, None)
    }

    /// The error of a send that the server has answered; `None` if it was carried out.
    pub(crate) fn answer_error(&self, answer: Answer) -> Option<JsValue> {
        match answer {
            Answer::Sent => None,
            Answer::Refused {
                code,
                message,
                retry,
            } => Some(self.error(code.name(), &message, None, retry.map(clock::to_millis))),
            Answer::Closed => {
                let text = "the client was closed before the server's answer";
                Some(self.plain("closed", text))
            }
        }
    }
}
