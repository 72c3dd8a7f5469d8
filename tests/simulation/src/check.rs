//! Checks of the promises: each is a named predicate over what a page was given and the [`Model`] of what happened.

use std::fmt;

use push_wire_shared::position::{Cursor, Outcome, Position, ResetReason, StartAt, StreamKey};
use push_wire_shared::session::client::Stats;
use push_wire_shared::time::Moment;

use super::feed::Feed;
use super::model::Model;

/// Promises that are checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// Entries are numbered densely within an epoch.
    Dense,
    /// A log keeps its epoch while it exists, and a new log never has an earlier epoch.
    Epochs,
    /// A log's entries are delivered in order, without gaps and repeats; a state's cursor only grows.
    Order,
    /// Entries are skipped only by readers too far behind, on channels whose policy it is, and the number is stated.
    Skips,
    /// An entry delivered at a position is the one published there.
    Content,
    /// Each subscribe and each resume has one outcome, which is correct.
    Outcome,
    /// `send` refuses only clients that the server does not know.
    Inbox,
    /// Client messages are accepted once and in order within a session, and confirmed after that.
    ClientMessages,
    /// Once the network works, every reader reaches the head and every message is confirmed.
    Liveness,
    /// An attempt to connect that no fault of network, server or page disturbs has an answer within the handshake's time.
    Handshake,
    /// The server sends each entry of a connection once: the client drops no repeat and requests nothing again.
    NoRepair,
    /// No correct client is closed for good.
    StaysOpen,
    /// A session continues only for a client with its secret. Others are refused, and its connection stays open.
    Takeover,
    /// An entry is delivered only to a subscription that exists, and is one of its stream.
    Subscription,
    /// The answer to a message is bounded by the message's bytes, and what waits for a client that reads nothing by a
    /// limit.
    BoundedAnswers,
    /// No state of a subscription or connection is left when it has ended.
    Cleanup,
    /// No address gets more than its limits: a request beyond is refused with the limit's name, and other addresses are
    /// not affected.
    AddressLimits,
    /// An urgent entry waits for one write of a lower lane at most, and saturated lanes share the bytes by weight.
    Lanes,
    /// A client that sends more than its rates is read at them, notified and then closed, and may come back. One that
    /// keeps to them is neither notified nor closed.
    Limits,
    /// Nothing is taken from a client whose grant has expired.
    Grants,
    /// From a revocation on, nothing is sent to a client whose credentials it covers and nothing taken from it; it is
    /// closed. No other client is.
    Revocation,
    /// A session that was reported closed makes no attempts, and is reported closed once.
    Status,
}

impl Promise {
    /// Error that names this promise.
    #[must_use]
    pub fn broken(self, what: String) -> PromiseError {
        PromiseError {
            promise: self,
            what,
        }
    }
}

/// Error of a check: the broken promise, and a description.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PromiseError {
    /// The broken promise.
    pub promise: Promise,
    /// Description.
    pub what: String,
}

impl fmt::Display for PromiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is broken: {}", self.promise, self.what)
    }
}

/// State of one stream in one page's application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reader {
    /// Stream that it reads.
    pub feed: Feed,
    /// The stream of that feed for its client.
    pub stream: StreamKey,
    /// Requested start.
    pub start: StartAt,
    /// Head at the time of the subscribe, if the log was known.
    pub head_at_start: Option<Position>,
    /// Position delivered; `None` before the first outcome.
    pub at: Option<Position>,
    /// Position that its application has handled.
    pub handled: Option<Position>,
    /// True if the application has the value of the entry at `at`. Used for states only.
    pub has_value: bool,
    /// True if an outcome was received on the present connection.
    pub settled: bool,
}

impl Reader {
    fn broken(&self, promise: Promise, what: &str) -> PromiseError {
        let Self { feed, at, .. } = self;
        promise.broken(format!("{feed:?} at {at:?}: {what}"))
    }
}

/// Checks a delivered entry.
///
/// # Errors
/// Fails if it is not the next one, or not what was published.
pub fn entry(
    model: &Model,
    reader: &mut Reader,
    position: Position,
    body: &[u8],
) -> Result<(), PromiseError> {
    let Some(at) = reader.at.filter(|_| reader.settled) else {
        return Err(reader.broken(Promise::Outcome, "an entry before the outcome"));
    };
    check_order(reader, at, position)?;
    check_content(model, reader, position, body)?;
    reader.at = Some(position);
    reader.has_value = true;
    Ok(())
}

/// Checks a statement that entries were skipped.
///
/// # Errors
/// Fails if the number is wrong, or the reader was not too far behind.
pub fn skipped(
    now: Moment,
    model: &Model,
    reader: &mut Reader,
    count: u64,
    position: Position,
) -> Result<(), PromiseError> {
    let Some(at) = reader.at.filter(|_| reader.settled) else {
        return Err(reader.broken(Promise::Outcome, "entries skipped before the outcome"));
    };
    let is_counted = at.epoch == position.epoch && at.cursor + count == position.cursor;
    let is_known = model.body(&reader.stream, position).is_some();
    if !is_counted || !is_known || !model.may_skip(now, reader.feed, &reader.stream, at) {
        let what = format!("{count} entries skipped, to {position:?}");
        return Err(reader.broken(Promise::Skips, &what));
    }
    reader.at = Some(position);
    Ok(())
}

/// Checks that a log goes on with the next entry, a state with a later one.
fn check_order(reader: &Reader, at: Position, position: Position) -> Result<(), PromiseError> {
    let next = if reader.feed.is_state() {
        position.cursor > at.cursor
    } else {
        position.cursor == at.cursor + 1
    };
    if at.epoch == position.epoch && next {
        return Ok(());
    }
    Err(reader.broken(Promise::Order, &format!("received {position:?}")))
}

fn check_content(
    model: &Model,
    reader: &Reader,
    position: Position,
    body: &[u8],
) -> Result<(), PromiseError> {
    let published = model.body(&reader.stream, position);
    if published == Some(body) {
        return Ok(());
    }
    let text = |body: &[u8]| String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
    let what = format!(
        "received {:?} as {position:?}, published was {:?}",
        text(body),
        published.map(text)
    );
    Err(reader.broken(Promise::Content, &what))
}

/// Outcome of a subscribe or resume, as reported to a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reported {
    /// Time at which the page received it.
    pub now: Moment,
    /// True if the server process that sent it is still running.
    pub current: bool,
    /// Outcome.
    pub outcome: Outcome,
    /// Position after which reading goes on.
    pub position: Position,
    /// The newest entry.
    pub head: Cursor,
}

/// Checks an outcome of a subscribe or resume.
///
/// # Errors
/// Fails if the outcome is not correct.
pub fn outcome(
    reported: &Reported,
    model: &Model,
    reader: &mut Reader,
) -> Result<(), PromiseError> {
    // A state reader without its value begins anew.
    let at = reader
        .at
        .filter(|_| reader.has_value || !reader.feed.is_state());
    match (reported.outcome, at) {
        (Outcome::Resumed { caught_up }, Some(at)) => {
            check_resumed_position(reported, model, reader, at)?;
            check_caught_up_count(reported, model, reader, caught_up)?;
        }
        (Outcome::Resumed { caught_up }, None) => {
            check_start(reported, model, reader)?;
            check_caught_up_count(reported, model, reader, caught_up)?;
        }
        (Outcome::Reset(reason), Some(at)) => {
            check_reset_reason(reported, model, reader, reason, at)?;
            check_start(reported, model, reader)?;
            reader.handled = None;
            reader.has_value = false;
        }
        (Outcome::Reset(_), None) => {
            return Err(reader.broken(Promise::Outcome, "a reset without a position"));
        }
    }
    reader.at = Some(reported.position);
    reader.handled = at.and(reader.handled).or(reader.at);
    reader.settled = true;
    Ok(())
}

/// Checks that a resume goes on at the reader's position, in a log that exists.
fn check_resumed_position(
    reported: &Reported,
    model: &Model,
    reader: &Reader,
    at: Position,
) -> Result<(), PromiseError> {
    let gone = reported.current
        && (model.is_past(&reader.stream, at.epoch) || is_proved_lost(reported, model, reader, at));
    if reported.position == at && !gone {
        return Ok(());
    }
    let what = format!(
        "resumed at {:?}; that log is gone: {gone}",
        reported.position
    );
    Err(reader.broken(Promise::Outcome, &what))
}

/// Returns whether the log must know that it has lost the reader's entry. A state's position may be older than all that
/// is kept: the newest value then comes whole.
fn is_proved_lost(reported: &Reported, model: &Model, reader: &Reader, at: Position) -> bool {
    let is_old =
        reader.feed.is_state() && model.may_be_gone(reported.now, reader.feed, &reader.stream, at);
    model.is_lost(&reader.stream, at) && !is_old
}

/// Checks that a reader that begins anew gets all that is kept, or all that is published after its subscribe.
fn check_start(reported: &Reported, model: &Model, reader: &Reader) -> Result<(), PromiseError> {
    let position = reported.position;
    if position.cursor == 0 || reader.feed.is_state() {
        return Ok(());
    }
    let is_complete = match (reader.start, reader.at) {
        // A reader that starts at the newest entry misses nothing that was published after its subscribe.
        (StartAt::Newest, None) => reader
            .head_at_start
            .filter(|head| head.epoch == position.epoch && !model.is_lost(&reader.stream, *head))
            .is_none_or(|head| head.cursor <= position.cursor),
        (StartAt::Oldest | StartAt::Newest, _) => {
            model.may_be_gone(reported.now, reader.feed, &reader.stream, position)
        }
    };
    if is_complete {
        return Ok(());
    }
    Err(reader.broken(Promise::Outcome, &format!("began at {position:?}")))
}

/// Checks the reason of a reset.
fn check_reset_reason(
    reported: &Reported,
    model: &Model,
    reader: &Reader,
    reason: ResetReason,
    at: Position,
) -> Result<(), PromiseError> {
    let same = reported.position.epoch == at.epoch;
    if (reason == ResetReason::Expired && same && reported.position.cursor > at.cursor)
        || (reason == ResetReason::EpochChanged && (!same || model.is_lost(&reader.stream, at)))
    {
        return Ok(());
    }
    let what = format!("reset to {:?}, reason {}", reported.position, reason.name());
    Err(reader.broken(Promise::Outcome, &what))
}

/// Checks that the stated number of entries was between the reader and the head.
fn check_caught_up_count(
    reported: &Reported,
    model: &Model,
    reader: &Reader,
    caught_up: u64,
) -> Result<(), PromiseError> {
    let published = model.highest_head(&reader.stream, reported.position.epoch);
    let counted = reader.feed.is_state() || reported.position.cursor + caught_up == reported.head;
    if counted && reported.head <= published {
        return Ok(());
    }
    let what = format!("{reported:?}, and {published} were published");
    Err(reader.broken(Promise::Outcome, &what))
}

/// Checks that no entry of a connection had to be dropped or requested again.
///
/// # Errors
/// Fails if it had to.
pub fn check_no_repair(stats: Stats) -> Result<(), PromiseError> {
    if stats.repeats == 0 && stats.gaps == 0 {
        return Ok(());
    }
    Err(Promise::NoRepair.broken(format!("{stats:?}")))
}

/// Checks, after the recovery time, that a reader has reached the head.
///
/// # Errors
/// Fails if it has not.
pub fn caught_up(model: &Model, reader: &Reader) -> Result<(), PromiseError> {
    let Some(at) = reader.at.filter(|_| reader.settled) else {
        return Err(reader.broken(Promise::Liveness, "no outcome"));
    };
    let Some(head) = model.head(&reader.stream) else {
        if model.is_past(&reader.stream, at.epoch) {
            return Err(reader.broken(Promise::Liveness, "reads a log that is gone"));
        }
        return Ok(());
    };
    let forgotten =
        at.cursor == 0 && at.epoch != head.epoch && model.may_be_forgotten(&reader.stream);
    if at == head || forgotten {
        return Ok(());
    }
    Err(reader.broken(Promise::Liveness, &format!("the head is {head:?}")))
}
