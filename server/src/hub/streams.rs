//! All streams of a hub, made when they are first needed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use push_wire_broker::Broker;
use push_wire_shared::channel::{ChannelMode, ChannelTable};
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::Stream;
use crate::policy::ChannelPolicy;

/// What the streams of one channel have in common.
#[derive(Clone, Copy)]
struct Template {
    channel: u8,
    lane: usize,
    mode: ChannelMode,
    policy: ChannelPolicy,
}

pub(super) struct Streams {
    broker: Arc<dyn Broker>,
    templates: Vec<Template>,
    limit: usize,
    numbers: AtomicU64,
    streams: RwLock<HashMap<StreamKey, Arc<Stream>>>,
}

impl Streams {
    pub(super) fn new(
        broker: Arc<dyn Broker>,
        channels: &ChannelTable,
        policies: &[(u8, ChannelPolicy)],
        limit: usize,
    ) -> Self {
        let templates = channels.channels().iter().map(|channel| Template {
            channel: channel.id,
            lane: usize::from(channel.priority.min(2)),
            mode: channel.mode,
            policy: policies
                .iter()
                .find(|(id, _)| *id == channel.id)
                .map_or_else(ChannelPolicy::default, |(_, policy)| *policy),
        });
        Self {
            broker,
            templates: templates.collect(),
            limit,
            numbers: AtomicU64::new(1),
            streams: RwLock::default(),
        }
    }

    /// The policies of the channels that have entries.
    pub(super) fn policies(&self) -> impl Iterator<Item = (u8, ChannelPolicy)> {
        let templates = self.templates.iter();
        templates
            .filter(|template| template.mode != ChannelMode::System)
            .map(|template| (template.channel, template.policy))
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<StreamKey, Arc<Stream>>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<StreamKey, Arc<Stream>>> {
        self.streams.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.read().len()
    }

    /// The stream, made when there is none; `None` for a channel without entries, or when there are too many
    /// streams.
    pub(super) fn open(&self, key: &StreamKey) -> Option<Arc<Stream>> {
        if let Some(stream) = self.read().get(key) {
            return Some(Arc::clone(stream));
        }
        let template = self
            .templates
            .iter()
            .find(|template| template.channel == key.channel)?;
        if template.mode == ChannelMode::System {
            return None;
        }
        let mut streams = self.write();
        if let Some(stream) = streams.get(key) {
            return Some(Arc::clone(stream));
        }
        if streams.len() >= self.limit {
            return None;
        }
        let log = self.broker.open(key, template.policy.retention());
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let compression = template.policy.how_compressed();
        let (lane, mode) = (template.lane, template.mode);
        let stream = Stream::new(number, key.clone(), lane, mode, compression, log);
        streams.insert(key.clone(), Arc::clone(&stream));
        Some(stream)
    }

    pub(super) fn remove(&self, key: &StreamKey) {
        self.write().remove(key);
        self.broker.remove(key);
    }

    /// Forgets topics that nobody reads and that hold nothing, and inboxes of clients that are not known. Their
    /// numbering ends with them: a position in one that held entries is answered with a reset, never with a guess.
    pub(super) fn sweep(&self, now: Moment, knows: impl Fn(Uuid) -> bool) {
        let is_forgettable = |stream: &Stream| match stream.key().scope {
            Scope::Inbox(client) => !knows(client),
            // There are no more of them than channels, and their readers come back.
            Scope::Channel => false,
            Scope::Topic(_) => stream.is_idle(now),
        };
        let idle: Vec<_> = self
            .read()
            .values()
            .filter(|stream| is_forgettable(stream))
            .cloned()
            .collect();
        if idle.is_empty() {
            return;
        }
        let mut streams = self.write();
        for stream in idle {
            // Opened again since it was seen: only this list and the map hold an idle stream.
            let held_elsewhere = Arc::strong_count(&stream) > 2;
            if !held_elsewhere && is_forgettable(&stream) {
                streams.remove(stream.key());
                self.broker.remove(stream.key());
            }
        }
    }
}
