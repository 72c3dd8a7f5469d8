//! The dictionaries of all channels.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use push_wire_shared::channel::ChannelTable;
use push_wire_shared::compression::DictionaryError;
use push_wire_shared::limits::DICTIONARIES_PER_CHANNEL;
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::time::Moment;

use super::reservoir::Reservoir;
use super::training::Training;
use super::{Audience, Dictionary};
use crate::policy::{ChannelPolicy, Compression};

/// Sizes of bodies that are samples: smaller ones are not compressed, larger ones gain little from a dictionary.
const SAMPLE_BYTES: std::ops::RangeInclusive<usize> = 32..=16 * 1024;

/// Messages before the first training (200): with some hundred bytes each they suffice for a dictionary of 4 KiB,
/// within 1 % as good as one from 500 messages.
const FIRST_TRAINING: u64 = 200;

/// Divisor of the interval between trainings (2): the next training is due when half as many messages have been
/// published as before the last one. Early dictionaries have few samples; whether a new one is worth using is decided
/// after the training.
const BEFORE_PER_NEW: u64 = 2;

/// Largest number of messages between two trainings (50,000).
const MOST_BETWEEN: u64 = 50_000;

/// Shortest time between two trainings (1 min): each may cost every reader a download.
const TRAINING_PAUSE: Duration = Duration::from_secs(60);

/// Executor of work that must not delay a publish; default: a new thread for each piece of work, of which there is at
/// most one per minute and channel.
#[derive(Clone)]
pub struct Background(Arc<dyn Fn(Work) + Send + Sync>);

/// A piece of work.
type Work = Box<dyn FnOnce() + Send>;

impl Background {
    /// An executor that passes each piece of work to this function.
    pub fn new(run: impl Fn(Work) + Send + Sync + 'static) -> Self {
        Self(Arc::new(run))
    }

    fn run(&self, work: impl FnOnce() + Send + 'static) {
        (self.0)(Box::new(work));
    }
}

impl Default for Background {
    fn default() -> Self {
        Self::new(|work| {
            let thread = std::thread::Builder::new().name("push-wire training".into());
            if let Err(error) = thread.spawn(work) {
                tracing::warn!(%error, "could not start a thread to train a dictionary: trying again with later entries");
            }
        })
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

/// Error of a dictionary that cannot be given to a channel.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetDictionaryError {
    /// The channel carries control ops, is unknown, or its policy is not to compress.
    #[error(
        "entries of this channel are not compressed: give its policy another `Compression`, or leave the dictionary out"
    )]
    NotCompressed,
    /// Another dictionary has the same zstd id, so a client could not distinguish them.
    #[error("the dictionary has zstd id {0}, as another channel's dictionary has: train it again")]
    SameZstdId(u32),
    /// Not a dictionary.
    #[error("not a dictionary that clients can use: {0}")]
    Unusable(DictionaryError),
}

/// The dictionaries of all channels.
#[derive(Debug)]
pub(crate) struct Dictionaries {
    channels: Vec<OfChannel>,
    last_id: AtomicU32,
    issued: AtomicU64,
    background: Background,
}

#[derive(Debug)]
struct OfChannel {
    channel: u8,
    name: Box<str>,
    compression: Compression,
    /// Dictionaries in use, newest last; the older one serves clients that are still fetching the newer.
    live: RwLock<Vec<Arc<Dictionary>>>,
    /// `None` once the program has given a dictionary.
    sampling: Mutex<Option<Sampling>>,
}

#[derive(Debug)]
struct Sampling {
    reservoir: Reservoir,
    /// Number of messages at which the next training is due, and the earliest time of it.
    at: u64,
    not_before: Moment,
}

impl Dictionaries {
    pub(crate) fn new(
        table: &ChannelTable,
        channels: impl Iterator<Item = (u8, ChannelPolicy)>,
        background: Background,
    ) -> Self {
        let channels = channels.map(|(channel, policy)| OfChannel {
            channel,
            name: table.name(channel).into(),
            compression: policy.how_compressed(),
            live: RwLock::default(),
            sampling: Mutex::new(Some(Sampling {
                reservoir: Reservoir::new(u64::from(channel)),
                at: FIRST_TRAINING,
                not_before: Moment::default(),
            })),
        });
        Self {
            channels: channels.collect(),
            last_id: AtomicU32::new(0),
            issued: AtomicU64::new(0),
            background,
        }
    }

    fn of(&self, channel: u8) -> Option<&OfChannel> {
        self.channels.iter().find(|of| of.channel == channel)
    }

    /// Newest dictionary of the channel.
    pub(crate) fn newest(&self, channel: u8) -> Option<Arc<Dictionary>> {
        self.of(channel)?.live().last().cloned()
    }

    /// The dictionary of this hash, if it is in use.
    pub(crate) fn by_hash(&self, sha256: &[u8; 32]) -> Option<Arc<Dictionary>> {
        let all = self.channels.iter().flat_map(OfChannel::live);
        all.into_iter()
            .find(|dictionary| dictionary.info().sha256 == *sha256)
    }

    /// Number of dictionaries issued so far.
    pub(crate) fn issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// Offers a published entry as a sample, and starts a training when it is due.
    pub(crate) fn offer(self: &Arc<Self>, now: Moment, key: &StreamKey, body: &[u8]) {
        let Some(of) = self.of(key.channel) else {
            return;
        };
        if !of.samples(&key.scope) || !SAMPLE_BYTES.contains(&body.len()) {
            return;
        }
        let Some((samples, passed)) = of.sample(now, body) else {
            return;
        };
        let (this, channel, audience) = (Arc::clone(self), key.channel, of.audience());
        let training = Training {
            samples,
            passed,
            current: self.newest(channel),
        };
        self.background.run(move || {
            if let Some(bytes) = training.run() {
                this.adopt(channel, audience, bytes);
            }
        });
    }

    /// Issues a trained dictionary, unless the program has given one since the training began.
    fn adopt(&self, channel: u8, audience: Audience, bytes: Vec<u8>) {
        let Some(of) = self.of(channel) else { return };
        let sampling = of.lock_sampling();
        if sampling.is_none() {
            return;
        }
        if let Err(error) = self.issue(channel, audience, bytes) {
            tracing::debug!(channel = &*of.name, %error, "a trained dictionary is not used");
        }
    }

    /// Sets a channel's dictionary, which ends the training for it.
    pub(crate) fn give(&self, channel: u8, bytes: Vec<u8>) -> Result<(), SetDictionaryError> {
        let of = self.of(channel);
        let of = of.filter(|of| of.compression != Compression::Off);
        let of = of.ok_or(SetDictionaryError::NotCompressed)?;
        let mut sampling = of.lock_sampling();
        self.issue(channel, Audience::All, bytes)?;
        *sampling = None;
        Ok(())
    }

    fn issue(
        &self,
        channel: u8,
        audience: Audience,
        bytes: Vec<u8>,
    ) -> Result<(), SetDictionaryError> {
        let of = self.of(channel).ok_or(SetDictionaryError::NotCompressed)?;
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let dictionary =
            Dictionary::new(id, channel, audience, bytes).map_err(SetDictionaryError::Unusable)?;
        let is_double = |other: &Arc<Dictionary>| {
            other.zstd_id() == dictionary.zstd_id()
                && other.info().sha256 != dictionary.info().sha256
        };
        if self
            .channels
            .iter()
            .flat_map(OfChannel::live)
            .any(|other| is_double(&other))
        {
            return Err(SetDictionaryError::SameZstdId(dictionary.zstd_id()));
        }
        tracing::info!(
            channel = &*of.name,
            id,
            bytes = dictionary.bytes().len(),
            "a channel has a new dictionary"
        );
        let mut live = of.live.write().unwrap_or_else(PoisonError::into_inner);
        live.push(Arc::new(dictionary));
        let surplus = live.len().saturating_sub(DICTIONARIES_PER_CHANNEL);
        live.drain(..surplus);
        self.issued.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl OfChannel {
    fn live(&self) -> Vec<Arc<Dictionary>> {
        self.live
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn lock_sampling(&self) -> MutexGuard<'_, Option<Sampling>> {
        self.sampling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clients that may fetch a dictionary trained from this channel.
    fn audience(&self) -> Audience {
        match self.compression {
            Compression::TrainedOnTopics => Audience::All,
            Compression::Off | Compression::Plain | Compression::Trained => Audience::Channel,
        }
    }

    /// Returns whether entries of this scope are samples: text that only one client may read must not get into a
    /// dictionary that all clients of the channel fetch.
    const fn samples(&self, scope: &Scope) -> bool {
        match (self.compression, scope) {
            (Compression::Trained | Compression::TrainedOnTopics, Scope::Channel)
            | (Compression::TrainedOnTopics, Scope::Topic(_)) => true,
            (Compression::Off | Compression::Plain, _)
            | (Compression::Trained, Scope::Topic(_))
            | (_, Scope::Inbox(_)) => false,
        }
    }

    /// Takes a sample. Returns all samples and the number of messages so far if a training is due.
    fn sample(&self, now: Moment, body: &[u8]) -> Option<(Vec<Arc<[u8]>>, u64)> {
        // Busy means that another publish is giving a sample: one is as good as the other.
        let mut sampling = match self.sampling.try_lock() {
            Ok(sampling) => sampling,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let sampling = sampling.as_mut()?;
        sampling.reservoir.offer(body);
        let passed = sampling.reservoir.passed();
        if passed < sampling.at || now < sampling.not_before {
            return None;
        }
        sampling.at = passed + (passed / BEFORE_PER_NEW).min(MOST_BETWEEN);
        sampling.not_before = now + TRAINING_PAUSE;
        let samples = sampling.reservoir.samples();
        sampling.reservoir.age();
        Some((samples, passed))
    }
}
