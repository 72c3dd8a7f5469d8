//! Options as the TypeScript face passes them: objects whose names and types it has checked.

use js_sys::{Function, Promise};
use push_wire_shared::PayloadEncoding;
use push_wire_shared::position::{Epoch, Position, StartAt, Tag};
use push_wire_shared::session::client::{
    RetryPolicy, Subscription, TokenError, TransportPreference,
};
use push_wire_shared::session::op::ScopeRequest;
use uuid::Uuid;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::ClientHooks;
use super::fields::{FieldError, Fields};
use crate::fetch::text;
use crate::{Config, clock};

/// The settings of a client for the Rust API.
pub(super) fn config(options: &JsValue, hooks: &ClientHooks) -> Result<Config, FieldError> {
    let options = Fields(options);
    let mut config = Config::new().compression(options.flag("compression")?.unwrap_or(true));
    config.client_id = options.field("clientId", "a UUID", |id| {
        Uuid::try_parse(&id.as_string()?).ok()
    })?;
    config.storage_key = options.text("storageKey")?;
    config.max_message_bytes = options
        .count("maxMessageBytes")?
        .map(|bytes| bytes as usize);
    let transports = options.field("transport", "a transport", |name| {
        transports(&name.as_string()?)
    })?;
    config.transports = transports.unwrap_or_default();
    let encoding = options.field("encoding", "an encoding", |name| {
        PayloadEncoding::from_name(&name.as_string()?)
    })?;
    config.encoding = encoding.unwrap_or_default();
    if let Some(given) = options.object("retry")? {
        config.retry = retry(&Fields(&given))?;
    }
    config.socket_class = options.function("WebSocket")?;
    let config = token(&options, config, hooks)?;
    storage(&options, config)
}

fn transports(name: &str) -> Option<TransportPreference> {
    match name {
        "auto" => Some(TransportPreference::WsFirst),
        "websocket" => Some(TransportPreference::WsOnly),
        "sse" => Some(TransportPreference::SseOnly),
        _ => None,
    }
}

/// The retry schedule, with times in milliseconds.
fn retry(given: &Fields<'_>) -> Result<RetryPolicy, FieldError> {
    let default = RetryPolicy::default();
    Ok(RetryPolicy {
        initial: given
            .number("initial")?
            .map_or(default.initial, clock::from_millis),
        max: given.number("max")?.map_or(default.max, clock::from_millis),
        factor: given.number("factor")?.unwrap_or(default.factor),
        jitter: given.flag("jitter")?.unwrap_or(default.jitter),
        max_attempts: given.count("attempts")?,
        ..default
    })
}

/// Sets the token, or the function that gives one.
fn token(
    options: &Fields<'_>,
    mut config: Config,
    hooks: &ClientHooks,
) -> Result<Config, FieldError> {
    match options.value("token").dyn_into::<Function>() {
        Ok(get) => {
            let hooks = hooks.clone();
            Ok(config.token_source(move || ask_for_token(get.clone(), hooks.clone())))
        }
        Err(_) => {
            config.token = options.text("token")?;
            Ok(config)
        }
    }
}

/// Sets the place where positions are kept: `storage` is an object, `null` for nothing, or `undefined` for what `persist` says,
/// which is `"tab"`, `"device"`, or `false` for nothing.
fn storage(options: &Fields<'_>, config: Config) -> Result<Config, FieldError> {
    let persist = options.value("persist");
    if persist == "device" {
        return Ok(config.storage_on_device());
    }
    if persist == false || options.value("storage").is_null() {
        return Ok(config.storage(None));
    }
    Ok(match options.object("storage")? {
        Some(storage) => config.storage(Some(storage.unchecked_into())),
        None => config,
    })
}

/// Calls the application's token function. One that throws or rejects has failed for now; one that gives no string denies
/// the token.
async fn ask_for_token(get: Function, hooks: ClientHooks) -> Result<String, TokenError> {
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
pub(super) fn subscription(options: &JsValue) -> Result<Subscription, FieldError> {
    let options = Fields(options);
    let flag = |name| options.flag(name).map(Option::unwrap_or_default);
    let scope = match options.text("topic")? {
        Some(topic) => ScopeRequest::Topic(topic),
        None if flag("inbox")? => ScopeRequest::Inbox,
        None => ScopeRequest::Channel,
    };
    let position = options.object("position")?;
    Ok(Subscription {
        channel: options.text("channel")?.unwrap_or_default(),
        scope,
        position: position
            .map(|given| position_of(&Fields(&given)))
            .transpose()?,
        start: if flag("newest")? {
            StartAt::Newest
        } else {
            StartAt::Oldest
        },
        keeps_position: flag("persist")?,
    })
}

/// A position, whose epoch is 16 hexadecimal digits and whose cursor is a BigInt.
fn position_of(given: &Fields<'_>) -> Result<Position, FieldError> {
    let epoch = given.field("epoch", "hexadecimal digits", |epoch| {
        u64::from_str_radix(&epoch.as_string()?, 16).ok()
    })?;
    let cursor = given.field("cursor", "a BigInt of 64 bits", |cursor| {
        u64::try_from(cursor.clone()).ok()
    })?;
    Ok(Position {
        epoch: Epoch(epoch.unwrap_or_default()),
        cursor: cursor.unwrap_or_default(),
        tag: Tag(given.count("tag")?.unwrap_or_default()),
    })
}
