//! Clients that send more than their rates, beside the pages.

use std::sync::Arc;

use push_wire_server::internals::hub::Hub;
use push_wire_server::{Grant, Rate};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::excess_connection::{End, ExcessConnection};
use super::hub_config::{IDENTITY_RATES, RATES};
use super::node::Node;
use super::tally::Tally;

/// Devices of the identity that sends more than all its devices may together.
const DEVICES: usize = 3;

/// Rate that is exceeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExceededRate {
    /// Frames of a connection.
    Frames,
    /// Bytes of a connection.
    Bytes,
    /// Messages to the application of a connection.
    Uploads,
    /// Messages to the application of all devices of one identity.
    Shared,
}

impl ExceededRate {
    /// Every rate.
    pub const ALL: [Self; 4] = [Self::Frames, Self::Bytes, Self::Uploads, Self::Shared];

    const fn rate(self) -> Rate {
        match self {
            Self::Frames => RATES.frames,
            Self::Bytes => RATES.bytes,
            Self::Uploads => RATES.uploads,
            Self::Shared => IDENTITY_RATES.uploads,
        }
    }

    const fn devices(self) -> usize {
        match self {
            Self::Frames | Self::Bytes | Self::Uploads => 1,
            Self::Shared => DEVICES,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Frames => "came back after too many frames",
            Self::Bytes => "came back after too many bytes",
            Self::Uploads => "came back after too many messages",
            Self::Shared => "came back after too many messages of an identity",
        }
    }

    /// Grant of its clients.
    #[must_use]
    pub fn grant(self) -> Grant {
        match self {
            Self::Frames | Self::Bytes | Self::Uploads => Grant::everything(),
            Self::Shared => Grant::everything().identity("excess"),
        }
    }

    /// Returns whether `slow` may state this window: the messages that a limit allows at once.
    #[must_use]
    pub fn has_window(self, window: Option<u32>) -> bool {
        match self {
            Self::Bytes => window.is_none(),
            Self::Frames | Self::Uploads => window == Some(self.rate().burst),
            Self::Shared => {
                let bursts = [RATES.uploads.burst, IDENTITY_RATES.uploads.burst];
                window.is_some_and(|window| bursts.contains(&window))
            }
        }
    }
}

/// Devices that send more than their rates, of one process of the server.
#[derive(Debug)]
struct Excess {
    process: u32,
    rate: ExceededRate,
    began: Moment,
    devices: Vec<ExcessConnection>,
}

impl Excess {
    fn due(&self) -> Option<Moment> {
        self.devices.iter().filter_map(ExcessConnection::due).min()
    }

    fn taken(&self) -> u64 {
        self.devices.iter().map(ExcessConnection::taken).sum()
    }

    /// Tokens that the rate allows up to now.
    fn allowance(&self, now: Moment) -> u64 {
        let Rate { per_second, burst } = self.rate.rate();
        let elapsed = now.since(self.began).as_millis();
        let refilled = u128::from(per_second) * elapsed / 1_000;
        u64::from(burst).saturating_add(u64::try_from(refilled).unwrap_or(u64::MAX))
    }

    fn drive(&mut self, now: Moment) -> Result<(), PromiseError> {
        for index in 0..self.devices.len() {
            let others = self.taken() - self.devices[index].taken();
            // Each device may send one message while the others have used up the tokens.
            let allowed = self.allowance(now) + self.devices.len() as u64;
            let device = &mut self.devices[index];
            if device.due().is_none_or(|due| due > now) {
                continue;
            }
            let was_sending = device.sends();
            device.drive(now, allowed.saturating_sub(others))?;
            if was_sending && !device.sends() {
                self.check_served(now)?;
            }
        }
        Ok(())
    }

    /// Checks that a client which sent more than its rate was read at half of the rate or more.
    fn check_served(&self, now: Moment) -> Result<(), PromiseError> {
        let least = self.allowance(now) / 2;
        if self.taken() >= least || self.devices.iter().any(ExcessConnection::was_late) {
            return Ok(());
        }
        let what = format!("{} taken, less than {least}: {self:?}", self.taken());
        Err(Promise::Limits.broken(what))
    }
}

/// Clients that send more than their rates: those of one operation at a time.
#[derive(Debug, Default)]
pub struct ExcessClients {
    excess: Option<Excess>,
    /// Client ids used so far.
    clients: u128,
    tally: Tally,
}

impl ExcessClients {
    /// Counts of what was reached.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Begins to exceed a rate, unless one is being exceeded or no process accepts connections. `heeds` is true if the
    /// clients stop sending when they are notified.
    ///
    /// # Errors
    /// Fails if a client is not accepted.
    pub fn begin(
        &mut self,
        now: Moment,
        node: &Node,
        rate: ExceededRate,
        heeds: bool,
    ) -> Result<(), PromiseError> {
        let Some(hub) = node.serving(now).filter(|_| self.excess.is_none()) else {
            return Ok(());
        };
        let devices = (0..rate.devices()).map(|_| self.connect(hub, now, rate, heeds));
        self.excess = Some(Excess {
            process: node.process(),
            rate,
            began: now,
            devices: devices.collect::<Result<_, _>>()?,
        });
        Ok(())
    }

    fn connect(
        &mut self,
        hub: &Arc<Hub>,
        now: Moment,
        rate: ExceededRate,
        heeds: bool,
    ) -> Result<ExcessConnection, PromiseError> {
        self.clients += 1;
        let client = Uuid::from_u128(u128::MAX / 2 - self.clients);
        ExcessConnection::connect(hub, now, client, rate, heeds)
    }

    /// Time at which they act.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        self.excess.as_ref()?.due()
    }

    /// Lets them act. Their connections end with their process.
    ///
    /// # Errors
    /// Fails if a limit is not kept.
    pub fn drive(&mut self, now: Moment, node: &Node) -> Result<(), PromiseError> {
        let serves = |excess: &Excess| node.is_process(excess.process) && !node.is_draining();
        let Some(mut excess) = self.excess.take().filter(serves) else {
            return Ok(());
        };
        excess.drive(now)?;
        if excess.due().is_some() {
            self.excess = Some(excess);
            return Ok(());
        }
        for end in excess.devices.iter().filter_map(ExcessConnection::end) {
            self.tally.add(
                match end {
                    End::SlowedDown => "slowed down after an error",
                    End::CameBack => excess.rate.name(),
                },
                1,
            );
        }
        Ok(())
    }

    /// Checks, after the recovery time, that all are done.
    ///
    /// # Errors
    /// Fails if they are not.
    pub fn check_done(&self) -> Result<(), PromiseError> {
        match &self.excess {
            None => Ok(()),
            Some(excess) => Err(Promise::Limits.broken(format!("still under way: {excess:?}"))),
        }
    }
}
