//! The session's words as the page is told them.

use push_wire_shared::position::{Cursor, Outcome, Position};
use push_wire_shared::session::client::{Cause, Entry, Event, Status};
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;

use crate::clock;
use crate::host::Host;

/// Tells the page one event.
pub(crate) fn tell(host: &Host, now: Moment, event: &Event) {
    match event {
        Event::Status(status) => tell_status(host, now, status),
        Event::Ready { resumed } => host.ready(*resumed),
        Event::Outcome {
            id,
            outcome,
            position,
            floor,
            head,
        } => tell_outcome(host, *id, *outcome, *position, *floor, *head),
        Event::Entry(entry) => tell_entry(host, entry),
        Event::Ended {
            id, cause, message, ..
        } => host.ended(*id, cause.name(), message),
        Event::Sent { ticket } => host.sent(*ticket),
        Event::Refused {
            ticket,
            code,
            message,
        } => host.refused(*ticket, code.name(), message),
        Event::Error { code, message } => host.fault(code.name(), message),
    }
}

fn tell_status(host: &Host, now: Moment, status: &Status) {
    let nothing = Cause::default();
    let (phase, failures, wait, cause) = match status {
        Status::Idle => ("idle", 0, 0.0, &nothing),
        Status::Connecting { failures } => ("connecting", *failures, 0.0, &nothing),
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
    );
}

fn tell_outcome(
    host: &Host,
    id: u32,
    outcome: Outcome,
    position: Option<Position>,
    floor: Option<Cursor>,
    head: Cursor,
) {
    let (reason, caught_up) = match outcome {
        Outcome::Resumed { caught_up } => ("", caught_up),
        Outcome::Reset(reason) => (reason.name(), 0),
    };
    host.outcome(
        id,
        reason,
        caught_up,
        position.map(|position| position.epoch.0),
        position.map(|position| position.cursor),
        floor,
        head,
    );
}

fn tell_entry(host: &Host, entry: &Entry) {
    host.entry(
        entry.id,
        entry.position.cursor,
        entry.content == Content::Bytes,
        entry.replayed,
        entry.body.as_ptr(),
        entry.body.len(),
        entry.wire_bytes,
    );
}
