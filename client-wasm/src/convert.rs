//! Conversion of the session's events into calls of the page's methods.

use push_wire_shared::channel::ChannelMode;
use push_wire_shared::position::Outcome;
use push_wire_shared::session::client::{Cause, Entry, Event, Status};
use push_wire_shared::session::op::SystemNotice;
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;

use crate::clock;
use crate::host::{Called, Host};

/// Reports one event to the page.
pub(crate) fn tell(host: &Host, now: Moment, event: &Event) -> Called {
    match event {
        Event::Status(status) => tell_status(host, now, status),
        Event::Ready { resumed, secret } => host.ready(*resumed, secret),
        // Without a position the subscription has ended, which the next event reports.
        Event::Outcome { position: None, .. } => Ok(()),
        Event::Outcome {
            id,
            outcome,
            position: Some(position),
            floor,
            head,
            mode,
        } => {
            let (reason, caught_up) = match outcome {
                Outcome::Resumed { caught_up } => ("", *caught_up),
                Outcome::Reset(reason) => (reason.name(), 0),
            };
            host.outcome(
                *id,
                reason,
                caught_up,
                position.epoch.0,
                position.cursor,
                position.tag.0,
                floor.unwrap_or(0),
                *head,
                *mode == ChannelMode::State,
            )
        }
        Event::Skipped {
            id,
            count,
            position,
        } => host.skipped(
            *id,
            *count as f64,
            position.epoch.0,
            position.cursor,
            position.tag.0,
        ),
        Event::Entry(entry) => tell_entry(host, entry),
        Event::Ended {
            id, cause, message, ..
        } => host.ended(*id, cause.name(), message),
        Event::Sent { ticket } => host.sent(*ticket as f64),
        Event::Refused {
            ticket,
            code,
            message,
            ..
        } => host.refused(*ticket as f64, code.name(), message),
        Event::Notice(notice) => tell_notice(host, notice),
        Event::Error { code, message } => host.fault(code.name(), message),
    }
}

fn tell_status(host: &Host, now: Moment, status: &Status) -> Called {
    let nothing = Cause::default();
    let (phase, failures, wait, cause) = match status {
        Status::Idle => ("idle", 0, 0.0, &nothing),
        Status::AwaitingToken { failures } | Status::Connecting { failures } => {
            ("connecting", *failures, 0.0, &nothing)
        }
        Status::Ready => ("connected", 0, 0.0, &nothing),
        Status::Waiting {
            until,
            failures,
            cause,
        } => (
            "waiting",
            *failures,
            clock::to_millis(until.since(now)),
            cause,
        ),
        Status::Suspended { cause } => ("offline", 0, 0.0, cause),
        Status::Closed { cause } => ("closed", 0, 0.0, cause),
    };
    host.status(
        phase,
        failures,
        wait,
        cause.code.unwrap_or(0),
        &cause.message,
    )
}

fn tell_notice(host: &Host, notice: &SystemNotice) -> Called {
    match notice {
        SystemNotice::Health(health) => host.health(&health.status, health.detail.clone()),
        SystemNotice::Slow(slow) => host.slow(slow.window),
        SystemNotice::Features(features) => {
            host.features(features.supported.clone(), features.requested.clone())
        }
    }
}

fn tell_entry(host: &Host, entry: &Entry) -> Called {
    host.entry(
        entry.id,
        entry.position.cursor,
        entry.position.tag.0,
        entry.content == Content::Bytes,
        entry.replayed,
        entry.body.as_ptr(),
        entry.body.len(),
        entry.wire_bytes,
    )
}
