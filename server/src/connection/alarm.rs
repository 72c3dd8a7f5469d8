//! One timer per connection.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use push_wire_shared::time::Moment;
use tokio::time::{Sleep, sleep_until};

use crate::clock;

/// Timer of a deadline that mostly moves later. The runtime's timer is reset only when the deadline moves earlier or it
/// has fired too early.
#[derive(Debug)]
pub(crate) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    set_for: Moment,
}

impl Alarm {
    pub(crate) fn new(at: Moment) -> Self {
        Self {
            sleep: Box::pin(sleep_until(clock::instant(at))),
            set_for: at,
        }
    }

    /// Returns whether the deadline has passed; if not, the task is woken when it does.
    pub(crate) fn is_due(&mut self, cx: &mut Context<'_>, deadline: Option<Moment>) -> bool {
        let Some(deadline) = deadline else {
            return false;
        };
        if deadline < self.set_for {
            self.set(deadline);
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            if deadline <= clock::now() {
                return true;
            }
            self.set(deadline);
        }
        false
    }

    fn set(&mut self, at: Moment) {
        self.set_for = at;
        self.sleep.as_mut().reset(clock::instant(at));
    }
}
