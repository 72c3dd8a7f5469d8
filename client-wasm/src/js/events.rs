//! Statuses, notices, outcomes and statistics as objects.

use push_wire_shared::position::Outcome;
use push_wire_shared::session::client::{Cause, Stats, Status, Transport};
use push_wire_shared::session::op::SystemNotice;
use serde::Serialize;
use wasm_bindgen::JsValue;

use super::value::{Big, PositionOut, object};
use crate::clock;
use crate::stream::Item;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusOut<'a> {
    phase: &'static str,
    transport: Option<&'static str>,
    attempt: u32,
    /// Milliseconds until the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// The status as an object.
pub(super) fn status(status: &Status, transport: Option<Transport>) -> JsValue {
    let nothing = Cause::default();
    let (phase, attempt, until, cause) = match status {
        Status::Idle => ("idle", 0, None, &nothing),
        Status::AwaitingToken { failures } | Status::Connecting { failures } => {
            ("connecting", *failures, None, &nothing)
        }
        Status::Ready => ("connected", 0, None, &nothing),
        Status::Waiting {
            until,
            failures,
            cause,
        } => ("waiting", *failures, Some(*until), cause),
        Status::Suspended { cause } => ("offline", 0, None, cause),
        Status::Closed { cause } => ("closed", 0, None, cause),
    };
    object(&StatusOut {
        phase,
        transport: transport.map(|transport| match transport {
            Transport::WebSocket => "websocket",
            Transport::EventStream => "sse",
        }),
        attempt,
        wait: until.map(|until| clock::to_millis(until.since(clock::now()))),
        code: cause.code,
        reason: Some(cause.message.as_str()).filter(|text| !text.is_empty()),
    })
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum NoticeOut<'a> {
    Health {
        status: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    Slow {
        #[serde(skip_serializing_if = "Option::is_none")]
        window: Option<u32>,
    },
    Features {
        supported: &'a [String],
        requested: &'a [String],
    },
}

/// The notice as an object.
pub(super) fn notice(notice: &SystemNotice) -> JsValue {
    object(&match notice {
        SystemNotice::Health(health) => NoticeOut::Health {
            status: &health.status,
            detail: health.detail.as_deref(),
        },
        SystemNotice::Slow(slow) => NoticeOut::Slow {
            window: slow.window,
        },
        SystemNotice::Features(features) => NoticeOut::Features {
            supported: &features.supported,
            requested: &features.requested,
        },
    })
}

#[derive(Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum EventOut<'a> {
    Resumed {
        position: PositionOut,
        caught_up: u64,
        head: Big,
    },
    Reset {
        reason: &'static str,
        position: PositionOut,
        floor: Big,
        head: Big,
    },
    Ended {
        reason: &'static str,
        message: &'a str,
    },
    Skipped {
        count: u64,
        position: PositionOut,
    },
}

/// A statement about a stream as an object; `None` for an entry.
pub(super) fn statement(item: &Item) -> Option<JsValue> {
    let event = match item {
        Item::Entry(_) => return None,
        Item::Skipped { count, position } => EventOut::Skipped {
            count: *count,
            position: (*position).into(),
        },
        Item::Ended { cause, message } => EventOut::Ended {
            reason: cause.name(),
            message,
        },
        Item::Outcome {
            outcome: Outcome::Resumed { caught_up },
            position,
            head,
            ..
        } => EventOut::Resumed {
            position: (*position).into(),
            caught_up: *caught_up,
            head: (*head).into(),
        },
        Item::Outcome {
            outcome: Outcome::Reset(reason),
            position,
            floor,
            head,
        } => EventOut::Reset {
            reason: reason.name(),
            position: (*position).into(),
            floor: floor.unwrap_or_default().into(),
            head: (*head).into(),
        },
    };
    Some(object(&event))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatsOut {
    messages_in: u64,
    messages_out: u64,
    bytes_in: u64,
    bytes_out: u64,
    entries: u64,
    value_bytes: u64,
    deltas: u64,
    compressed: u64,
    dictionaries: u64,
    dictionaries_failed: u32,
    repeats: u64,
    gaps: u64,
}

/// The statistics as an object.
pub(super) fn stats(stats: Stats, dictionaries_failed: u32) -> JsValue {
    object(&StatsOut {
        messages_in: stats.messages_in,
        messages_out: stats.messages_out,
        bytes_in: stats.bytes_in,
        bytes_out: stats.bytes_out,
        entries: stats.entries,
        value_bytes: stats.value_bytes,
        deltas: stats.deltas,
        compressed: stats.compressed,
        dictionaries: stats.dictionaries,
        dictionaries_failed,
        repeats: stats.repeats,
        gaps: stats.gaps,
    })
}
