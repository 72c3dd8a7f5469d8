//! Answers to a client that sends more than its limit: it is read more slowly, notified, and in the end closed
//! (docs/protocol.md section 5.6).

use core::time::Duration;

use crate::limits::{RATE_CLOSE, RATE_GAP, RATE_NOTICE, RATE_PAUSE};
use crate::session::op::{ErrorCode, ServerOp, Slow, SystemNotice};
use crate::time::{Moment, millis};

use super::outputs::Outputs;
use crate::close::CloseReason;

/// Limit that a client has exceeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Excess {
    /// Nothing is read from the client until then.
    pub until: Moment,
    /// Number of messages that the limit allows at once; `None` if the limit does not count messages.
    pub window: Option<u32>,
    /// Delay before the next connection, if this one is closed.
    pub retry: Duration,
}

/// Last notice sent to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stage {
    /// Nothing: it is within its limits.
    #[default]
    Within,
    /// `slow`.
    Slow,
    /// `error` with code `rate_limited`.
    Error,
}

/// Times in which a client is not read, and the last notice sent to it.
///
/// Waits with less than [`RATE_GAP`] between them belong together: the client sends more than its limit all that time. A
/// longer gap shows that it has slowed down.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    stage: Stage,
    /// Beginning of the first of the waits that belong together.
    since: Moment,
    /// End of the last one.
    until: Moment,
}

impl Throttle {
    /// Records a wait, and sends the client a notice, or closes the connection.
    pub(super) fn wait(&mut self, now: Moment, excess: Excess, outputs: &mut Outputs) {
        if self.stage != Stage::Within && now.since(self.until) >= RATE_GAP {
            self.stage = Stage::Within;
        }
        self.until = self.until.max(excess.until);
        match self.stage {
            Stage::Within => {
                (self.stage, self.since) = (Stage::Slow, now);
                let window = excess.window;
                outputs.op(ServerOp::Notice(SystemNotice::Slow(Slow { window })));
            }
            Stage::Slow if now.since(self.since) >= RATE_NOTICE => {
                self.stage = Stage::Error;
                outputs.op(ServerOp::Error {
                    code: ErrorCode::RateLimited,
                    message: "more than the limit is sent: wait, or the connection is closed"
                        .into(),
                    id: None,
                    retry_ms: Some(millis(RATE_PAUSE)),
                });
            }
            Stage::Error if now.since(self.since) >= RATE_CLOSE => {
                let reason = CloseReason::RateLimited;
                outputs.goodbye(reason, excess.retry);
                outputs.close(reason);
            }
            Stage::Slow | Stage::Error => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;
    use crate::session::server::Output;

    const WAIT: Duration = Duration::from_millis(100);

    fn at(ms: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(ms))
    }

    /// Names of the ops, and the close, after a wait of 100 ms at this time.
    fn told(throttle: &mut Throttle, now: Moment) -> Vec<String> {
        let mut outputs = Outputs::default();
        let excess = Excess {
            until: now + WAIT,
            window: Some(8),
            retry: Duration::from_secs(7),
        };
        throttle.wait(now, excess, &mut outputs);
        let outputs = core::iter::from_fn(|| outputs.take());
        outputs.map(name).collect()
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an unexpected output fails the test"
    )]
    fn name(output: Output) -> String {
        match output {
            Output::Op(ServerOp::Notice(SystemNotice::Slow(Slow { window: Some(8) }))) => {
                "slow".into()
            }
            Output::Op(ServerOp::Error {
                code: ErrorCode::RateLimited,
                retry_ms: Some(5_000),
                ..
            }) => "error".into(),
            Output::Op(ServerOp::Goodbye {
                code: 4102,
                retry_ms: Some(7_000),
                ..
            }) => "goodbye".into(),
            Output::Close(CloseReason::RateLimited) => "close".into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tells_then_closes() {
        let mut throttle = Throttle::default();
        let steps: Vec<_> = (0..)
            .map(|step| step * 100)
            .map(|ms| (ms, told(&mut throttle, at(ms))))
            .filter(|(_, told)| !told.is_empty())
            .take(3)
            .collect();
        let expected = [
            (0, vec!["slow".into()]),
            (5_000, vec!["error".into()]),
            (10_000, vec!["goodbye".into(), "close".into()]),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn gap_begins_anew() {
        let mut throttle = Throttle::default();
        for ms in (0..9_900).step_by(100) {
            told(&mut throttle, at(ms));
        }
        // The last wait ended at 9.9 s.
        assert_eq!(told(&mut throttle, at(10_899)), ["goodbye", "close"]);
        let mut throttle = Throttle::default();
        for ms in (0..9_900).step_by(100) {
            told(&mut throttle, at(ms));
        }
        assert_eq!(told(&mut throttle, at(10_900)), ["slow"]);
        assert_eq!(told(&mut throttle, at(11_000)), [""; 0]);
    }

    #[test]
    fn pause_after_error_is_long_enough() {
        // What is under way when the error arrives is read until just before the close.
        let mut throttle = Throttle::default();
        let mut last = Vec::new();
        for ms in (0..=8_900).step_by(100) {
            last.extend(told(&mut throttle, at(ms)));
        }
        assert_eq!(last, ["slow", "error"]);
        let paused_until = RATE_NOTICE + RATE_PAUSE;
        assert_eq!(
            told(&mut throttle, Moment::after_origin(paused_until)),
            ["slow"]
        );
    }
}
