//! The streams of a hub: created on first use, removed when nobody reads them and they hold nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use push_wire_broker::Broker;
use push_wire_shared::channel::{ChannelMode, ChannelTable};
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::shares::{Resource, Shares};
use super::stream::{Stream, StreamSettings};
use super::{LimitError, OpenStream, Owner, UPKEEP_BATCH, lock};
use crate::policy::ChannelPolicy;

/// Settings that the streams of one channel share.
#[derive(Clone, Copy)]
struct Template {
    channel: u8,
    lane: usize,
    mode: ChannelMode,
    policy: ChannelPolicy,
}

/// Creator of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Creator<'a> {
    /// The application, which publishes to it.
    Application,
    /// A session that subscribes to it: a stream that it creates counts towards its share until the application
    /// publishes to it.
    Session(&'a Owner),
}

/// Error of opening a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The channel is the system channel, or is unknown.
    #[error("nothing is published on this channel")]
    NoEntries,
    /// The session whose inbox it is has ended.
    #[error("the session of this inbox has ended")]
    NoSession,
    /// A limit of streams is reached.
    #[error("no room for another stream: {0}")]
    Limit(#[from] LimitError),
}

/// The streams of a hub.
pub(super) struct Streams {
    broker: Arc<dyn Broker>,
    templates: Vec<Template>,
    limit: usize,
    shares: Arc<Shares>,
    numbers: AtomicU64,
    table: RwLock<Table>,
    /// Topics to check, by the time at which they may be empty. Each is in here at most once.
    due: Mutex<BTreeMap<(Moment, u64), Arc<Stream>>>,
}

#[derive(Default)]
struct Table {
    by_key: HashMap<StreamKey, Arc<Stream>>,
    topics: usize,
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

impl Table {
    fn holds(&self, stream: &Arc<Stream>) -> bool {
        let held = self.by_key.get(stream.key());
        held.is_some_and(|held| Arc::ptr_eq(held, stream))
    }
}

impl Streams {
    pub(super) fn new(
        broker: Arc<dyn Broker>,
        channels: &ChannelTable,
        policies: &[(u8, ChannelPolicy)],
        limit: usize,
        shares: Arc<Shares>,
    ) -> Arc<Self> {
        let templates = channels.channels().iter().map(|channel| Template {
            channel: channel.id,
            lane: usize::from(channel.priority.min(2)),
            mode: channel.mode,
            policy: policies
                .iter()
                .find(|(id, _)| *id == channel.id)
                .map_or_else(ChannelPolicy::default, |(_, policy)| *policy),
        });
        Arc::new(Self {
            broker,
            templates: templates.collect(),
            limit,
            shares,
            numbers: AtomicU64::new(1),
            table: RwLock::default(),
            due: Mutex::default(),
        })
    }

    /// The policies of the channels that have entries.
    pub(super) fn policies(&self) -> impl Iterator<Item = (u8, ChannelPolicy)> {
        let templates = self.templates.iter();
        templates
            .filter(|template| template.mode != ChannelMode::System)
            .map(|template| (template.channel, template.policy))
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams that exist.
    pub(super) fn len(&self) -> usize {
        self.read().by_key.len()
    }

    /// Number of connections that read a stream; `None` if there is no such stream.
    #[cfg(feature = "__internals")]
    pub(super) fn readers(&self, key: &StreamKey) -> Option<usize> {
        Some(self.read().by_key.get(key)?.readers())
    }

    /// The stream, created if there is none.
    pub(super) fn open(
        self: &Arc<Self>,
        key: &StreamKey,
        creator: Creator<'_>,
    ) -> Result<OpenStream, OpenError> {
        let known = self.read().by_key.get(key).map(OpenStream::new);
        let stream = match known {
            Some(stream) => stream,
            None => self.create(key, creator)?,
        };
        if matches!(creator, Creator::Application) {
            stream.belongs_to_application();
        }
        Ok(stream)
    }

    fn create(
        self: &Arc<Self>,
        key: &StreamKey,
        creator: Creator<'_>,
    ) -> Result<OpenStream, OpenError> {
        let template = self.template(key.channel)?;
        let is_topic = matches!(key.scope, Scope::Topic(_));
        let mut table = self.write();
        if let Some(stream) = table.by_key.get(key) {
            return Ok(OpenStream::new(stream));
        }
        // There are no more streams of channels than channels, and of inboxes than sessions times channels.
        if is_topic && table.topics >= self.limit {
            let (name, limit) = ("streams", self.limit);
            return Err(LimitError { name, limit }.into());
        }
        let share = match creator {
            Creator::Session(owner) if is_topic => Some(self.shares.take(owner, Resource::Stream)?),
            Creator::Session(_) | Creator::Application => None,
        };
        let log = self.broker.open(key, template.policy.retention());
        let settings = StreamSettings {
            number: self.numbers.fetch_add(1, Ordering::Relaxed),
            key: key.clone(),
            lane: template.lane,
            mode: template.mode,
            compression: template.policy.how_compressed(),
            slow_readers: template.policy.how_slow_readers_go_on(),
        };
        let stream = Stream::new(settings, log, Arc::downgrade(self), share);
        table.topics += usize::from(is_topic);
        table.by_key.insert(key.clone(), Arc::clone(&stream));
        Ok(OpenStream::new(&stream))
    }

    fn template(&self, channel: u8) -> Result<Template, OpenError> {
        let mut templates = self.templates.iter();
        let template = templates.find(|template| template.channel == channel);
        let template = template.filter(|template| template.mode != ChannelMode::System);
        template.copied().ok_or(OpenError::NoEntries)
    }

    /// Removes the inboxes of a client, also with open handles, and those that the broker has kept from an earlier process:
    /// later ones are new.
    pub(super) fn remove_inboxes(&self, client: Uuid) {
        let mut table = self.write();
        for (channel, _) in self.policies() {
            let scope = Scope::Inbox(client);
            let key = StreamKey { channel, scope };
            table.by_key.remove(&key);
            self.broker.remove(&key);
        }
    }

    fn remove_from(&self, table: &mut Table, stream: &Arc<Stream>) {
        if table.holds(stream) {
            table.by_key.remove(stream.key());
            table.topics -= usize::from(stream.is_topic());
            self.broker.remove(stream.key());
        }
    }

    /// Handles the end of a stream's last handle.
    ///
    /// A topic that never held an entry is removed now, one that did when its newest entry is past retention. Streams
    /// of channels stay, since there are few, and inboxes end with their session.
    pub(super) fn closed(&self, stream: &Arc<Stream>) {
        if !stream.is_topic() || stream.is_due() {
            return;
        }
        let mut table = self.write();
        if stream.is_open() {
            return;
        }
        let has_held_entries = stream.log().bounds(Moment::default()).head > 0;
        if has_held_entries {
            self.look_again(Moment::default(), stream);
        } else {
            self.remove_from(&mut table, stream);
        }
    }

    /// Schedules a check of a topic for the time when its newest entry is past retention, after `now`; none, if it
    /// keeps that entry.
    fn look_again(&self, now: Moment, stream: &Arc<Stream>) {
        let Ok(template) = self.template(stream.channel()) else {
            return;
        };
        let retention = template.policy.retention();
        if retention.keep_newest || !stream.become_due() {
            return;
        }
        // Retention ends after its age, not with it.
        let age = retention.age.saturating_add(Duration::from_nanos(1));
        let mut at = stream.newest_published() + age;
        if at <= now {
            // Published by another node.
            at = now + age;
        }
        lock(&self.due).insert((at, stream.number()), Arc::clone(stream));
    }

    /// Removes topics without handles and entries, a bounded number at once; returns the time of the next check.
    pub(super) fn upkeep(&self, now: Moment) -> Option<Moment> {
        for _ in 0..UPKEEP_BATCH {
            let stream = {
                let mut due = lock(&self.due);
                let first = due.first_entry()?;
                if first.key().0 > now {
                    break;
                }
                first.remove()
            };
            stream.settle_due();
            let mut table = self.write();
            if stream.is_open() || !table.holds(&stream) {
                continue;
            }
            let bounds = stream.log().bounds(now);
            if bounds.floor == bounds.head {
                self.remove_from(&mut table, &stream);
            } else {
                self.look_again(now, &stream);
            }
        }
        let due = lock(&self.due);
        due.first_key_value().map(|((at, _), _)| *at)
    }
}
