//! Life of the page that the session is of: hidden, offline, left and shown again.

use super::connection::Attempts;
use super::{Attention, ClientSession};
use crate::time::Moment;

impl ClientSession {
    /// Drops the connection without a goodbye, and makes no attempts until `wake`: the page is left, and may come back.
    pub fn leave(&mut self, now: Moment) {
        if self.connection.is_ready() {
            self.subscriptions.acknowledge(&mut self.link);
        }
        let is_live = self.connection.is_live();
        self.hang_up();
        self.connection.suspend(now, Attempts::None, &mut self.link);
        if is_live {
            self.connection.pause(now, &mut self.link);
        }
    }

    /// Makes the attempts that the page asks for, after it was hidden, shown, or cut off from the network: calls `wake`,
    /// `go_offline` or `suspend`.
    pub fn attend(&mut self, now: Moment, attention: Attention) {
        match attention {
            Attention::Full => self.wake(now),
            Attention::Offline => self.go_offline(now),
            Attention::Hidden => self.suspend(now),
        }
    }

    /// Ends `suspend`, `go_offline` and `leave`, when the page is visible or the network is back: tries at once unless the
    /// server has set a later time, and checks a standing connection with a `ping`.
    pub fn wake(&mut self, now: Moment) {
        let hangs = self.connection.hangs(now);
        if hangs {
            self.hang_up();
        }
        self.connection.wake(now, &mut self.link);
        if hangs {
            self.connection.try_again(now, &mut self.link);
        }
    }

    /// Makes no attempts until `wake`, while the page is hidden. A standing connection is kept.
    pub fn suspend(&mut self, now: Moment) {
        self.connection.suspend(now, Attempts::None, &mut self.link);
    }

    /// Makes rare attempts until `wake`, at the longest delay of the retry policy: the browser says that the page is offline,
    /// which browsers have said for days while the network worked. Failed ones do not count. A standing connection is kept.
    pub fn go_offline(&mut self, now: Moment) {
        self.connection.suspend(now, Attempts::Rare, &mut self.link);
    }
}
