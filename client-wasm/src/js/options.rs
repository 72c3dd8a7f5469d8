//! Options as the TypeScript face passes them: objects whose names and types it has checked.

use std::time::Duration;

use js_sys::{Function, Promise};
use push_wire_shared::PayloadEncoding;
use push_wire_shared::position::StartAt;
use push_wire_shared::session::client::{
    RetryPolicy, Subscription, TokenError, TransportPreference,
};
use push_wire_shared::session::op::ScopeRequest;
use serde::Deserialize;
use uuid::Uuid;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::ClientHooks;
use super::value::PositionIn;
use crate::config::Place;
use crate::fetch::text;
use crate::token::TokenSource;
use crate::{Config, clock};

/// Settings of a client.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    client_id: Option<Uuid>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    token: JsValue,
    /// `null` for nothing, `undefined` for the session storage.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    storage: JsValue,
    storage_key: Option<String>,
    /// `"tab"`, `"device"`, or `false` for nothing.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    persist: JsValue,
    #[serde(rename = "WebSocket", with = "serde_wasm_bindgen::preserve")]
    socket_class: JsValue,
    max_message_bytes: Option<usize>,
    compression: Option<bool>,
    transport: Option<TransportName>,
    encoding: Option<String>,
    retry: Option<Retry>,
    shared: Option<bool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: None,
            token: JsValue::UNDEFINED,
            storage: JsValue::UNDEFINED,
            storage_key: None,
            persist: JsValue::UNDEFINED,
            socket_class: JsValue::UNDEFINED,
            max_message_bytes: None,
            compression: None,
            transport: None,
            encoding: None,
            retry: None,
            shared: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TransportName {
    Auto,
    Websocket,
    Sse,
}

/// Retry schedule; times in milliseconds.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Retry {
    initial: Option<f64>,
    max: Option<f64>,
    factor: Option<f64>,
    jitter: Option<bool>,
    attempts: Option<u32>,
}

impl Options {
    /// The settings for the Rust API.
    pub(super) fn config(self, hooks: &ClientHooks) -> Config {
        let encoding = self.encoding.as_deref();
        let encoding = encoding.and_then(PayloadEncoding::from_name);
        Config {
            client_id: self.client_id,
            token: self.token.as_string(),
            token_source: self.token.dyn_into().ok().map(|get: Function| {
                let hooks = hooks.clone();
                TokenSource::new(move || token(get.clone(), hooks.clone()))
            }),
            storage: place(self.storage, &self.persist),
            storage_key: self.storage_key,
            socket_class: self.socket_class.dyn_into().ok(),
            transports: match self.transport {
                None | Some(TransportName::Auto) => TransportPreference::WsFirst,
                Some(TransportName::Websocket) => TransportPreference::WsOnly,
                Some(TransportName::Sse) => TransportPreference::SseOnly,
            },
            retry: self.retry.map(Retry::policy).unwrap_or_default(),
            max_message_bytes: self.max_message_bytes,
            without_compression: self.compression == Some(false),
            encoding: encoding.unwrap_or_default(),
            is_shared: self.shared.unwrap_or_default(),
        }
    }
}

/// Place where the client keeps its state. `persist: false` and `"device"` take precedence over `storage`.
fn place(storage: JsValue, persist: &JsValue) -> Place {
    if *persist == false {
        return Place::Nowhere;
    }
    if *persist == "device" {
        return Place::Device;
    }
    if storage.is_undefined() {
        return Place::Session;
    }
    if storage.is_null() {
        return Place::Nowhere;
    }
    Place::Given(storage.unchecked_into())
}

impl Retry {
    fn policy(self) -> RetryPolicy {
        let millis =
            |given: Option<f64>, default: Duration| given.map_or(default, clock::from_millis);
        let default = RetryPolicy::default();
        RetryPolicy {
            initial: millis(self.initial, default.initial),
            max: millis(self.max, default.max),
            factor: self.factor.unwrap_or(default.factor),
            jitter: self.jitter.unwrap_or(default.jitter),
            max_attempts: self.attempts,
            ..default
        }
    }
}

/// Calls the application's token function. One that throws or rejects has failed for now; one that gives no string denies
/// the token.
async fn token(get: Function, hooks: ClientHooks) -> Result<String, TokenError> {
    let answer = async { JsFuture::from(Promise::resolve(&get.call0(&JsValue::UNDEFINED)?)).await };
    let message = match answer.await {
        Ok(token) => match token.as_string() {
            Some(token) => return Ok(token),
            None => {
                let message = format!("the application's token function gave {}", kind(&token));
                return Err(TokenError::Denied { message });
            }
        },
        Err(thrown) => format!("the application's token function failed: {}", text(&thrown)),
    };
    drop(hooks.fault("token", &message));
    Err(TokenError::Retry { message })
}

/// A value that is no string, as a message shows it.
fn kind(value: &JsValue) -> String {
    if value.is_null() || value.is_undefined() {
        return "none".into();
    }
    if value.is_object() {
        return "an object".into();
    }
    text(value)
}

/// Stream to read, and position to start from.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadOptions {
    channel: String,
    topic: Option<String>,
    #[serde(default)]
    inbox: bool,
    #[serde(default)]
    newest: bool,
    position: Option<PositionIn>,
    #[serde(default)]
    persist: bool,
}

impl From<ReadOptions> for Subscription {
    fn from(options: ReadOptions) -> Self {
        Self {
            channel: options.channel,
            scope: match options.topic {
                Some(topic) => ScopeRequest::Topic(topic),
                None if options.inbox => ScopeRequest::Inbox,
                None => ScopeRequest::Channel,
            },
            position: options.position.map(Into::into),
            start: if options.newest {
                StartAt::Newest
            } else {
                StartAt::Oldest
            },
            keeps_position: options.persist,
        }
    }
}
