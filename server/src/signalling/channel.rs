//! [`Rtc`]: the signalling channel of a server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use push_wire_shared::rtc::signalling::{Output, Sender, Signal, Signalling};
use push_wire_shared::rtc::{RtcMessage, RtcRequest};
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;
use uuid::Uuid;

use super::RtcConfig;
use super::config::Allow;
use super::relay::Relay;
use crate::auth::Grant;
use crate::hub::{Hub, Owner, SessionObserver, lock};
use crate::record::value_record;
use crate::{ClientMessage, HandlerError, SendError, TurnSecret, clock};

/// The signalling channel of a server, and its relay.
///
/// The lock of the state is held while messages are written to inboxes, so that lists of peers reach a client in the
/// order in which they were made. No code of the application runs meanwhile.
pub(crate) struct Rtc {
    pub(super) hub: Weak<Hub>,
    channel: u8,
    allow: Option<Allow>,
    turn: Option<(TurnSecret, Duration)>,
    pub(super) relay: Option<Relay>,
    /// [`SignallingConfig::list_delay`](push_wire_shared::rtc::signalling::SignallingConfig::list_delay).
    list_delay: Duration,
    state: Mutex<State>,
}

type Clients = HashMap<Uuid, Client>;

/// A client that has a session.
struct Client {
    /// Its present grant.
    grant: Arc<Grant>,
    owner: Owner,
}

struct State {
    signalling: Signalling,
    clients: Clients,
    /// The task that waits for the next timeout.
    timer: Option<Timer>,
}

impl State {
    /// The sender's present grant: a newer connection of its session may have another one than that of the message.
    fn grant<'a, C>(&'a self, message: &'a ClientMessage<C>) -> &'a Arc<Grant> {
        let client = self.clients.get(&message.client_id);
        client.map_or(&message.grant, |client| &client.grant)
    }

    /// Text of the owner of a client's session.
    fn owner(&self, client: Uuid) -> Option<String> {
        self.clients.get(&client)?.owner.label()
    }
}

/// A task that waits for a timeout; ends when dropped.
struct Timer {
    due: Moment,
    task: JoinHandle<()>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Messages that could not be written to the inboxes of these clients.
type Unsent = Vec<(Uuid, SendError)>;

impl Rtc {
    /// The channel of this wire id.
    pub(super) fn new(hub: &Arc<Hub>, channel: u8, config: RtcConfig) -> Arc<Self> {
        let RtcConfig {
            signalling,
            allow,
            turn,
            relay,
        } = config;
        Arc::new(Self {
            hub: Arc::downgrade(hub),
            channel,
            allow,
            turn,
            relay: relay.map(|(channel, limits)| Relay::new(channel, limits)),
            list_delay: signalling.list_delay,
            state: Mutex::new(State {
                signalling: Signalling::new(signalling),
                clients: Clients::new(),
                timer: None,
            }),
        })
    }

    /// Carries out a client's message on the signalling channel.
    pub(super) fn signal<C>(
        self: &Arc<Self>,
        now: Moment,
        message: &ClientMessage<C>,
    ) -> Result<(), HandlerError> {
        if message.content == Content::Bytes {
            let text = "a signalling message is a value, not bytes";
            return Err(HandlerError::BadPayload(text.into()));
        }
        let (client, bytes) = (message.client_id, message.body.len());
        lock(&self.state).signalling.charge(now, client, bytes)?;
        let signal = Signal::read(&message.body)?;
        if signal == Signal::Request(RtcRequest::TurnRequest) && self.turn.is_none() {
            return Err(HandlerError::Refused("there is no TURN server".into()));
        }
        let receiver = signal.receiver();
        let is_allowed = receiver.is_some_and(|to| self.is_permitted(message, to));
        let mut state = lock(&self.state);
        let grant = Arc::clone(state.grant(message));
        let owner = state.owner(client);
        let sender = Sender::new(client)
            .of_owner(owner.as_deref())
            .in_room(message.topic.as_deref())
            .allowed(is_allowed)
            .until(grant.expiry().map(clock::moment));
        state
            .signalling
            .handle(now, sender, signal, |room| self.may_use(&grant, room))?;
        let mut unsent = self.write(now, &mut state);
        if self.may_stay(now, client, &grant) {
            // Absent if the session is older than the channel.
            state.clients.entry(client).or_insert_with(|| Client {
                owner: Owner::new(grant.who(), None),
                grant,
            });
        } else {
            // It has left the rooms already, while this message was carried out.
            state.signalling.leave(now, client);
            unsent.extend(self.write(now, &mut state));
        }
        self.arm(now, &mut state);
        drop(state);
        match unsent.into_iter().find(|(to, _)| Some(*to) == receiver) {
            Some((_, error)) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// Returns whether a client may send to another one: they share a room, or the application allows it.
    pub(super) fn is_permitted<C>(&self, message: &ClientMessage<C>, to: Uuid) -> bool {
        let from = message.client_id;
        let sender = Sender::new(from).in_room(message.topic.as_deref());
        let state = lock(&self.state);
        let grant = state.grant(message);
        let shares_room = state
            .signalling
            .is_permitted(sender, to, |room| self.may_use(grant, room));
        drop(state);
        // The callback is the application's: it is called without the lock.
        let allow = self.allow.as_ref().filter(|_| to != from);
        shares_room || allow.is_some_and(|allow| allow(from, to))
    }

    fn may_use(&self, grant: &Grant, room: &str) -> bool {
        grant.may_send_on(self.channel, Some(room))
    }

    /// Returns whether a client has a session, and its credentials are not revoked.
    fn may_stay(&self, now: Moment, client: Uuid, grant: &Grant) -> bool {
        let hub = self.hub.upgrade();
        hub.is_some_and(|hub| hub.knows(now, client) && !hub.is_revoked(client, grant))
    }

    /// Writes the outputs to the inboxes. A client without a session leaves its rooms.
    fn write(&self, now: Moment, state: &mut State) -> Unsent {
        let mut unsent = Unsent::new();
        let Some(hub) = self.hub.upgrade() else {
            return unsent;
        };
        while let Some(output) = state.signalling.poll_output() {
            let Some((to, message)) = self.message(&state.clients, output) else {
                continue;
            };
            match self.send(&hub, now, to, &message) {
                Ok(()) if message.receiver().is_some() => hub.counters().signalled(),
                Ok(()) => {}
                Err(error) => {
                    state.signalling.handle_unsent(&message);
                    if matches!(error, SendError::NotConnected(_)) {
                        state.signalling.leave(now, to);
                    } else {
                        tracing::warn!(client_id = %to, %error, "a signalling message was not sent");
                    }
                    unsent.push((to, error));
                }
            }
        }
        unsent
    }

    fn message(&self, clients: &Clients, output: Output) -> Option<(Uuid, RtcMessage)> {
        match output {
            Output::Send { to, message } => Some((to, message)),
            Output::TurnRequested(client) => {
                let (secret, ttl) = self.turn.as_ref()?;
                let now = clock::wall();
                let end = clients
                    .get(&client)
                    .and_then(|client| client.grant.expiry());
                // They are not valid for longer than the grant.
                let left = end.map(|end| end.duration_since(now).unwrap_or_default());
                let ttl = left.map_or(*ttl, |left| left.min(*ttl));
                let credential = secret.credential(client, ttl, now);
                Some((client, RtcMessage::TurnCredentials(credential)))
            }
        }
    }

    fn send(
        &self,
        hub: &Hub,
        now: Moment,
        to: Uuid,
        message: &RtcMessage,
    ) -> Result<(), SendError> {
        let record = value_record(message)?;
        hub.send(now, to, self.channel, record)?;
        Ok(())
    }

    /// Starts a task that waits for the next timeout, unless one does. Without a runtime, lists of peers are sent at once.
    fn arm(self: &Arc<Self>, now: Moment, state: &mut State) {
        let Some(due) = state.signalling.poll_timeout() else {
            return;
        };
        let is_armed = |timer: &Timer| !timer.task.is_finished() && timer.due <= due;
        if state.timer.as_ref().is_some_and(is_armed) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let task = runtime.spawn(wait(Arc::downgrade(self), due));
            state.timer = Some(Timer { due, task });
        } else if due <= now + self.list_delay {
            state.signalling.handle_timeout(due);
            self.write(due, state);
        }
    }

    /// Handles the timeout. Returns the time of the next one.
    fn time_out(&self, now: Moment) -> Option<Moment> {
        let mut state = lock(&self.state);
        state.signalling.handle_timeout(now);
        self.write(now, &mut state);
        let next = state.signalling.poll_timeout();
        match (next, &mut state.timer) {
            (Some(due), Some(timer)) => timer.due = due,
            (None, timer) => *timer = None,
            (Some(_), None) => {}
        }
        next
    }

    fn change(self: &Arc<Self>, change: impl FnOnce(&mut State, Moment)) {
        let now = clock::now();
        let mut state = lock(&self.state);
        change(&mut state, now);
        self.write(now, &mut state);
        self.arm(now, &mut state);
    }
}

/// Handles timeouts as they become due.
async fn wait(rtc: Weak<Rtc>, first: Moment) {
    let mut due = Some(first);
    while let Some(at) = due {
        sleep_until(clock::instant(at)).await;
        due = rtc.upgrade().and_then(|rtc| rtc.time_out(clock::now()));
    }
}

/// Observer of sessions for a signalling channel.
pub(super) struct Membership(pub(super) Arc<Rtc>);

impl SessionObserver for Membership {
    fn ended(&self, client: Uuid) {
        self.0.change(|state, now| {
            state.clients.remove(&client);
            state.signalling.leave(now, client);
        });
    }

    fn left(&self, client: Uuid) {
        let Some(hub) = self.0.hub.upgrade() else {
            return;
        };
        self.0.change(|state, _| {
            // A newer connection may have opened meanwhile, and its grant have been passed on.
            if !hub.is_connected(client) {
                state.signalling.handle_absence(client);
            }
        });
    }

    fn granted(&self, client: Uuid, grant: &Arc<Grant>, owner: &Owner) {
        self.0.change(|state, now| {
            let (grant, owner) = (Arc::clone(grant), owner.clone());
            let until = grant.expiry().map(clock::moment);
            state
                .signalling
                .restrict(now, client, until, |room| self.0.may_use(&grant, room));
            state.signalling.handle_return(client);
            state.clients.insert(client, Client { grant, owner });
        });
    }

    fn revoked(&self) {
        let Some(hub) = self.0.hub.upgrade() else {
            return;
        };
        self.0.change(|state, now| {
            let clients = state.clients.iter();
            let revoked = clients.filter(|(id, client)| hub.is_revoked(**id, &client.grant));
            for (client, _) in revoked {
                state.signalling.withdraw(now, *client);
            }
        });
    }
}
