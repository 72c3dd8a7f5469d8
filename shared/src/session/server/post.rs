//! Order of the messages that a client POSTs beside an event stream (docs/event-streams.md section 3).

/// Number of a POST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PostNumber {
    /// Number of the attempt that opened the connection, as in `auth`.
    pub attempt: u64,
    /// Number of the POST on that connection: 1, 2, 3 …
    pub number: u64,
}

/// Check of a POST's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PostCheck {
    /// The next one: its message is handled.
    Next,
    /// One that was taken before: it is answered again, and not handled again.
    Repeat,
    /// One or more are missing before it: it is not taken.
    Gap {
        /// Number of the newest that was taken.
        received: u64,
    },
    /// The POST belongs to another connection of the client.
    OtherAttempt,
}

/// POSTs that a connection has taken.
#[derive(Default, Debug)]
pub(super) struct PostOrder {
    attempt: u64,
    received: u64,
}

impl PostOrder {
    /// Begins the POSTs of the connection that this attempt has opened.
    pub(super) const fn begin(&mut self, attempt: u64) {
        self.attempt = attempt;
        self.received = 0;
    }

    /// Checks a POST; the next one counts as taken.
    pub(super) const fn take(&mut self, post: PostNumber) -> PostCheck {
        let received = self.received;
        if post.attempt != self.attempt {
            return PostCheck::OtherAttempt;
        }
        if post.number <= received {
            return PostCheck::Repeat;
        }
        if post.number > received + 1 {
            return PostCheck::Gap { received };
        }
        self.received = post.number;
        PostCheck::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_each_number_once() {
        let mut order = PostOrder::default();
        order.begin(7);
        let mut take = |attempt, number| order.take(PostNumber { attempt, number });
        assert_eq!(take(7, 2), PostCheck::Gap { received: 0 });
        assert_eq!(take(7, 1), PostCheck::Next);
        assert_eq!(take(7, 1), PostCheck::Repeat);
        assert_eq!(take(7, 2), PostCheck::Next);
        assert_eq!(take(7, u64::MAX), PostCheck::Gap { received: 2 });
        assert_eq!(take(7, 0), PostCheck::Repeat);
        assert_eq!(take(6, 3), PostCheck::OtherAttempt);
        assert_eq!(take(8, 3), PostCheck::OtherAttempt);
    }
}
