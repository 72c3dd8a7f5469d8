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
    /// A log keeps its epoch while it stands, and never takes an earlier one.
    Epochs,
    /// A log's entries are handed over in order, without holes and without repeats; a state only moves forward.
    Order,
    /// An entry delivered at a position is the one published there.
    Truth,
    /// Each subscribe and each resume ends in one outcome, which is true.
    Outcome,
    /// `send` refuses only clients that the server does not know.
    Inbox,
    /// Client messages are taken each once and in order within a session, and confirmed when they were taken.
    Uplink,
    /// Once the network works, every reader reaches the head and every message is confirmed.
    Liveness,
    /// The server sends nothing twice and leaves nothing out: the client never has to repair what a connection
    /// carried.
    Economy,
    /// No correct client is closed for good.
    Patience,
    /// A session continues only for a client that proves the right to it; others are refused, and it is not disturbed.
    Takeover,
    /// An entry is delivered only under a subscription that stands, and is one of its stream.
    Subscription,
    /// The answer to a message is bounded by the message's bytes, and what waits for a client that reads
    /// nothing by a number.
    Answers,
    /// No state of a subscription or connection is left when it has ended.
    Leftovers,
    /// No address takes more than its limit: more is refused with the limit's name, and other addresses are not
    /// affected.
    Share,
    /// A session that was reported closed makes no attempts, and is reported closed once.
    Status,
}

impl Promise {
    /// A error of this promise.
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
    /// The stream that this is for its client.
    pub stream: StreamKey,
    /// Requested start.
    pub start: StartAt,
    /// The head when reading was asked for, if the log was known.
    pub head_at_start: Option<Position>,
    /// Position delivered; `None` before the first outcome.
    pub at: Option<Position>,
    /// Position that its application has handled.
    pub handled: Option<Position>,
    /// It holds the value of the entry at `at`; of interest for a state only.
    pub has_value: bool,
    /// An outcome of the connection that stands now has been seen.
    pub settled: bool,
}

impl Reader {
    fn broken(&self, promise: Promise, what: &str) -> PromiseError {
        let Self { feed, at, .. } = self;
        promise.broken(format!("{feed:?} at {at:?}: {what}"))
    }
}

/// An entry was handed over.
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
    follows(reader, at, position)?;
    is_what_was_published(model, reader, position, body)?;
    reader.at = Some(position);
    reader.has_value = true;
    Ok(())
}

/// Promise 1: a log goes on with the next entry, a state with a later one.
fn follows(reader: &Reader, at: Position, position: Position) -> Result<(), PromiseError> {
    let next = if reader.feed.is_state() {
        position.cursor > at.cursor
    } else {
        position.cursor == at.cursor + 1
    };
    if at.epoch == position.epoch && next {
        return Ok(());
    }
    Err(reader.broken(Promise::Order, &format!("handed {position:?}")))
}

fn is_what_was_published(
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
        "handed {:?} as {position:?}, published was {:?}",
        text(body),
        published.map(text)
    );
    Err(reader.broken(Promise::Truth, &what))
}

/// Outcome of a subscribe or resume, as reported to a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reported {
    /// Time at which the page received it.
    pub now: Moment,
    /// Whether the server process that sent it is still running.
    pub current: bool,
    /// Outcome.
    pub outcome: Outcome,
    /// Reading goes on after this.
    pub position: Position,
    /// The newest entry.
    pub head: Cursor,
}

/// Checks an outcome of a subscribe or resume.
///
/// # Errors
/// Fails if the outcome is not true.
pub fn outcome(
    reported: &Reported,
    model: &Model,
    reader: &mut Reader,
) -> Result<(), PromiseError> {
    // A state without its value has nothing to go on with: it begins anew.
    let at = reader
        .at
        .filter(|_| reader.has_value || !reader.feed.is_state());
    match (reported.outcome, at) {
        (Outcome::Resumed { caught_up }, Some(at)) => {
            resumed_goes_on(reported, model, reader, at)?;
            count_is_so(reported, model, reader, caught_up)?;
        }
        (Outcome::Resumed { caught_up }, None) => {
            start_skips_nothing(reported, model, reader)?;
            count_is_so(reported, model, reader, caught_up)?;
        }
        (Outcome::Reset(reason), Some(at)) => {
            reset_is_so(reported, model, reader, reason, at)?;
            start_skips_nothing(reported, model, reader)?;
            reader.handled = None;
            reader.has_value = false;
        }
        (Outcome::Reset(_), None) => {
            return Err(reader.broken(Promise::Outcome, "a reset of one who had no position"));
        }
    }
    reader.at = Some(reported.position);
    reader.handled = at.and(reader.handled).or(reader.at);
    reader.settled = true;
    Ok(())
}

/// Promise 2: a resume goes on exactly where the reader stands, in a log that is not gone.
fn resumed_goes_on(
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

/// Promise 2: one who begins anew gets all that is kept, or exactly what comes after.
fn start_skips_nothing(
    reported: &Reported,
    model: &Model,
    reader: &Reader,
) -> Result<(), PromiseError> {
    let position = reported.position;
    if position.cursor == 0 || reader.feed.is_state() {
        return Ok(());
    }
    let fine = match (reader.start, reader.at) {
        // Whoever asks for what comes from now on may miss nothing that was published after the asking.
        (StartAt::Newest, None) => reader
            .head_at_start
            .filter(|head| head.epoch == position.epoch && !model.is_lost(&reader.stream, *head))
            .is_none_or(|head| head.cursor <= position.cursor),
        (StartAt::Oldest | StartAt::Newest, _) => {
            model.may_be_gone(reported.now, reader.feed, &reader.stream, position)
        }
    };
    if fine {
        return Ok(());
    }
    Err(reader.broken(Promise::Outcome, &format!("began at {position:?}")))
}

/// Promise 2: the reason of a reset is so.
fn reset_is_so(
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

/// Promise 2: the stated number of entries lay between the reader and the head.
fn count_is_so(
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
pub fn needed_no_repair(stats: Stats) -> Result<(), PromiseError> {
    if stats.repeats == 0 && stats.gaps == 0 {
        return Ok(());
    }
    Err(Promise::Economy.broken(format!("{stats:?}")))
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
