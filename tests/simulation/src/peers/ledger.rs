//! Fate of the messages of one side, over all its sessions.

/// Fate of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// The session that sent it lives, and has to deliver or report it.
    Due,
    /// The session that sent it has ended: it may arrive once.
    Abandoned,
    /// The application was told that it may not have arrived: it must not arrive any more, if signals keep their order.
    Reported,
    Delivered,
}

/// Messages 1, 2, 3, … of one side. Each is handed to the other side once at most, in order; one that is left out was
/// reported to the sender before, or the sender has restarted.
#[derive(Debug)]
pub(super) struct Ledger {
    fates: Vec<Fate>,
    /// Messages before this index are delivered or left out.
    next: usize,
    /// A reported message may arrive all the same.
    is_late_allowed: bool,
}

impl Ledger {
    pub(super) fn new(is_late_allowed: bool) -> Self {
        Self {
            fates: Vec::new(),
            next: 0,
            is_late_allowed,
        }
    }

    /// Number of the next message.
    pub(super) fn next(&self) -> u64 {
        self.fates.len() as u64 + 1
    }

    /// Records that the next message was sent.
    pub(super) fn sent(&mut self) {
        self.fates.push(Fate::Due);
    }

    /// Records that the session that sent the messages so far has ended.
    pub(super) fn end_session(&mut self) {
        for fate in &mut self.fates[self.next..] {
            if *fate == Fate::Due {
                *fate = Fate::Abandoned;
            }
        }
    }

    /// Records that the application was told of a message as not acknowledged.
    pub(super) fn report(&mut self, number: u64) {
        if let Some(fate) = self.fate(number)
            && *fate != Fate::Delivered
        {
            *fate = Fate::Reported;
        }
    }

    /// Records that the other side was handed a message.
    pub(super) fn deliver(&mut self, number: u64) -> Result<(), String> {
        let next = self.next;
        match self.fate(number).copied() {
            None => return Err("it was not sent".into()),
            Some(Fate::Delivered) => return Err("it was handed over before".into()),
            Some(Fate::Reported) if !self.is_late_allowed => {
                return Err("it was reported as lost".into());
            }
            Some(Fate::Due | Fate::Abandoned | Fate::Reported) => {}
        }
        let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if at < next {
            return Err("it is older than the one before".into());
        }
        if self.fates[next..at].contains(&Fate::Due) {
            return Err(format!("{} was expected", next + 1));
        }
        self.fates[at] = Fate::Delivered;
        self.next = at + 1;
        Ok(())
    }

    /// Messages that are neither delivered nor accounted for.
    pub(super) fn due(&self) -> usize {
        let due = self.fates[self.next..].iter();
        due.filter(|&&fate| fate == Fate::Due).count()
    }

    /// Messages that the application was told of as not acknowledged, and that did not arrive.
    pub(super) fn reported(&self) -> usize {
        let reported = self.fates.iter();
        reported.filter(|&&fate| fate == Fate::Reported).count()
    }

    fn fate(&mut self, number: u64) -> Option<&mut Fate> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.fates.get_mut(at)
    }
}
