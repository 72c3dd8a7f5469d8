//! Limits of the memory and work that a peer can cause, each with unit, default and reason.
//!
//! A server or client may lower or raise them in its configuration; these are the defaults, and the hard
//! limits of the wire.

use core::time::Duration;

/// Longest topic, in bytes of UTF-8: fits a one-byte length, and a topic is a name, not a document.
pub const MAX_TOPIC_BYTES: usize = 255;

/// Largest WebSocket message that either side takes, in bytes (default 1 MiB). A server sends larger values in
/// fragments; a client's messages are never fragmented: larger data should be uploaded over HTTP, and its URL sent.
pub const MESSAGE_BYTES: usize = 1024 * 1024;

/// Largest value that is published, received in fragments or built by a delta, in bytes (default 16 MiB): the memory
/// that one document may take in a page.
pub const VALUE_BYTES: usize = 16 * 1024 * 1024;

/// Largest asset that a client opens, in bytes (default 16 MiB): as a value.
pub const ASSET_BYTES: usize = VALUE_BYTES;

/// Time that a client takes to fetch an asset (60 s): 16 MiB at 2.3 Mbit/s.
pub const ASSET_WAIT: Duration = Duration::from_secs(60);

/// Bytes of the largest message that either side takes before the handshake is done (64 KiB): a token and some
/// hundred subscriptions.
pub const HANDSHAKE_BYTES: usize = 64 * 1024;

/// Streams that one session may read at once (default 1,024), about 100 bytes each on the server.
pub const SUBSCRIPTIONS: usize = 1024;

/// Time that an application may take to give a token (default 30 s): a request to its own backend over a bad network.
pub const TOKEN_WAIT: Duration = Duration::from_secs(30);

/// Time after which an application that had no token for a renewal is asked again (3 s): up to nine times between the
/// server's request, 30 s before the grant ends, and that end.
pub const RENEWAL_RETRY: Duration = Duration::from_secs(3);

/// Age up to which a token counts as fresh when the server refuses it (60 s): its lifetime is minutes at least, so a
/// fresh one was not refused because it had expired.
pub const TOKEN_FRESH: Duration = Duration::from_secs(60);

/// Entries of one subscription that an application may hold without having handled them (1,024) before the client
/// pauses it. The server's log is the queue.
pub const BACKLOG_ENTRIES: usize = 1024;

/// Bytes of those entries (1 MiB).
pub const BACKLOG_BYTES: usize = 1024 * 1024;

/// Largest snapshot of a client session, in bytes (1 MiB): the positions of 1,024 streams with the longest names.
pub const SNAPSHOT_BYTES: usize = 1024 * 1024;

/// Client messages that wait to be sent or acknowledged (default 1,024).
pub const UPLINK_MESSAGES: usize = 1024;

/// Bytes of those messages (default 4 MiB).
pub const UPLINK_BYTES: usize = 4 * 1024 * 1024;

/// Deepest nesting in a MessagePack, CBOR or JSON payload (64): deeper than any document in practice, shallow
/// enough for a 64 KiB stack.
pub const NESTING: usize = 64;

/// Time a connection has to send `auth` (default 10 s): two slow round trips and a TLS handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

/// Time between heartbeats (default 15 s): under the 30-60 s after which proxies drop idle connections, and
/// the longest time that the loss of a stream's last entry can go unnoticed.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Connections of one transport that fail in a row before a client tries its other transport (2): one may be lost for
/// any reason.
pub const TRANSPORT_FAILURES: u32 = 2;

/// Time for which a connection must be usable to count as a success of its transport (10 s): proxies that do not pass on
/// a WebSocket's frames end it within seconds.
pub const TRANSPORT_SETTLED: Duration = Duration::from_secs(10);

/// Time on its second transport after which a client tries the first one again (5 min): the network may have changed. It
/// doubles with each attempt that fails.
pub const TRANSPORT_RETURN: Duration = Duration::from_secs(5 * 60);

/// Longest such time (1 h): an attempt then costs next to nothing.
pub const TRANSPORT_RETURN_MAX: Duration = Duration::from_secs(60 * 60);

/// Bytes of a client's messages that wait for POST requests (12 MiB, three times `UPLINK_BYTES`, for repeated sends and
/// control frames): a server that answers no POST but keeps sending requests is disconnected at this point.
pub const POST_BYTES: usize = 3 * UPLINK_BYTES;

/// Time after which a POST without an answer is sent again (250 ms). It doubles each time.
pub const POST_RETRY: Duration = Duration::from_millis(250);

/// Longest such time (4 s): several tries within the server's heartbeat time.
pub const POST_RETRY_MAX: Duration = Duration::from_secs(4);

/// Time without anything received after a heartbeat before the connection is given up (default 10 s).
pub const HEARTBEAT_GRACE: Duration = Duration::from_secs(10);

/// Time that a session is kept after its connection (default 2 min): long enough for a short loss of the network.
pub const SESSION_TTL: Duration = Duration::from_secs(120);

/// First reconnect delay is drawn from 0 to this (default 500 ms).
pub const RETRY_INITIAL: Duration = Duration::from_millis(500);

/// No reconnect delay is drawn from more than this (default 20 s).
pub const RETRY_MAX: Duration = Duration::from_secs(20);

/// A connection that lasts this long counts as a success for the retry schedule (default 2 s), so that a server which
/// accepts connections and drops them at once is retried with increasing delays.
pub const RETRY_STEADY: Duration = Duration::from_secs(2);

/// Longest delay that a server's goodbye may impose on a client (10 min).
pub const RETRY_DIRECTED_MAX: Duration = Duration::from_secs(600);

/// Longest time between handling an entry and acknowledging it (docs/protocol.md section 5.4).
pub const ACK_DELAY: Duration = Duration::from_secs(1);

/// Entries handled after which a client acknowledges at once (docs/protocol.md section 5.4).
pub const ACK_ENTRIES: u32 = 64;

/// Bytes that one pull puts into one WebSocket message when a reader is behind (default 16 KiB): browsers process about
/// ten times more entries a second in messages of 10-40 KiB than one by one, and an urgent message waits no longer for
/// such a message than for a fragment.
pub const BATCH_BYTES: usize = 16 * 1024;

/// Payload of an entry frame above which it is sent in fragments of this size, in bytes (default 16 KiB): a message of
/// a higher lane waits for at most one, 6.6 ms at 20 Mbit/s, and headers add 0.2 %.
pub const FRAGMENT_BYTES: usize = 16 * 1024;

/// Time without a wait after which a client that sent more than its limit has slowed down (1 s): at half of the default
/// rates, the 1,024 messages that our own clients may have in flight when they receive `slow` are read in 4 s.
pub const RATE_GAP: Duration = Duration::from_secs(1);

/// Time for which a client is read at its limit after `slow` before it is sent an `error` (5 s): a short burst ends
/// before that.
pub const RATE_NOTICE: Duration = Duration::from_secs(5);

/// Time after `slow` at which a client that goes on is closed with 4102 (10 s): twice the time to the error, so that a
/// client that stops for [`RATE_PAUSE`] is never closed.
pub const RATE_CLOSE: Duration = Duration::from_secs(10);

/// Time for which a client stops sending messages after that error (5 s): the server reads 4 MiB, the most that our own
/// clients have under way, in 4 s at its default rate.
pub const RATE_PAUSE: Duration = Duration::from_secs(5);

/// Time before the end of a grant at which a client is asked for a renewed token (30 s), or half of the grant's time if that is
/// shorter: longer than a client waits for its application, and than an authenticator may take.
pub const GRANT_RENEWAL: Duration = Duration::from_secs(30);

/// Rest of a grant's time in which no token is asked for any more (1 s): the answer would come too late, and the next
/// connection asks anyway.
pub const GRANT_RENEWAL_MIN: Duration = Duration::from_secs(1);

/// Delay that the goodbye of an expired grant names (1 s), for an `EventSource`: other clients come back by their own
/// schedule.
pub const GRANT_RETRY: Duration = Duration::from_secs(1);

/// Entries of one connection that are sent in fragments at once (3): one for each lane.
pub const ENTRIES_UNDER_WAY: usize = 3;

/// Largest window of a zstd frame, in bytes (2 MiB): the window of level 3. A frame of ten bytes can make a decoder
/// allocate one.
pub const ZSTD_WINDOW_BYTES: u64 = 2 * 1024 * 1024;

/// Decompressed bytes of a body that does not state its size, beyond one window, after which decoding only counts (512
/// KiB). A body above the receiver's limit thus allocates no more than a window; one below is decompressed twice, the
/// second time into a buffer of its size. Our own compressor states the size. A limit of the ratio would be simpler,
/// but a document of blanks legitimately shrinks a thousandfold.
pub const UNKNOWN_SIZE_BYTES: usize = 512 * 1024;

/// Largest compression dictionary, in bytes (112 KiB): zstd's own default for training; larger ones gain
/// little on messages.
pub const DICTIONARY_BYTES: usize = 112 * 1024;

/// Dictionaries of one channel that a connection uses at once (2): the newest, and the one before it until the client
/// has fetched the newest.
pub const DICTIONARIES_PER_CHANNEL: usize = 2;

/// Dictionaries that one decoder holds (16); the oldest is removed first. Each takes its size and about 30 KiB.
pub const DICTIONARIES: usize = 16;

/// Fragmented messages that a [`FragmentAssembler`](crate::fragment::FragmentAssembler) has begun at once (1,024,
/// as published).
pub const FRAGMENTED_MESSAGES: usize = 1024;

/// Bytes that an assembler holds in unfinished messages (default 16 MiB): one of the largest values, or many
/// smaller ones.
pub const FRAGMENTED_BYTES: usize = VALUE_BYTES;

/// Time from a message's first fragment to its last (default 60 s): 16 MiB at 2.3 Mbit/s.
pub const FRAGMENTED_AGE: Duration = Duration::from_secs(60);

/// Refused client messages that a session keeps to report again after a reconnect (1,024): as many as a client holds
/// unacknowledged.
pub const REJECTIONS: usize = UPLINK_MESSAGES;

/// Those of them, the newest ones, whose texts are kept too (32): the others have their numbers and codes, 40 bytes each.
pub const REJECTION_TEXTS: usize = 32;

/// Signalling candidates that a router remembers as passed on (16,384; 60 bytes each): a connection takes some twenty, so
/// those of the last 400 pairs of peers in each direction.
pub const RTC_CANDIDATES: usize = 16 * 1024;

/// Time for which the server remembers a candidate as passed on (60 s): repetitions by a browser follow within seconds, and a
/// later connection between the same clients may need the same candidate.
pub const RTC_CANDIDATE_AGE: Duration = Duration::from_secs(60);

/// Longest session description in an offer or answer, in bytes (64 KiB): those of browsers with a data channel have some
/// 2 KiB, and with a dozen of videos some 30.
pub const RTC_SDP_BYTES: usize = 64 * 1024;

/// Longest candidate, in bytes (4 KiB): those of browsers have some 200.
pub const RTC_CANDIDATE_BYTES: usize = 4 * 1024;

/// Candidates in one batch (64): a browser finds some twenty.
pub const RTC_BATCH: usize = 64;

/// Largest `meta` of an offer or answer, in bytes of JSON (4 KiB): names and settings, not documents.
pub const RTC_META_BYTES: usize = 4 * 1024;

/// Longest `status`, in bytes (256): a word.
pub const RTC_STATUS_BYTES: usize = 256;

/// Clients in one room (default 64): a list of the others takes 2.5 KiB, and a call of more needs a server for its media.
pub const RTC_ROOM_MEMBERS: usize = 64;

/// Clients of one owner in one room (default 32): the clients of one user, or of one network if they have no identity, cannot
/// take all places of a room.
pub const RTC_OWNER_MEMBERS: usize = 32;

/// Rooms of one client at once (default 16): its list then has at most 945 clients, in 36 KiB.
pub const RTC_CLIENT_ROOMS: usize = 16;

/// Rooms at once (default 65,536; some 400 bytes each, and 200 for each member): as many as remembered peers.
pub const RTC_ROOMS: usize = PATHS;

/// Rooms that the clients of one owner have opened (default 8,192): one user, or one address without users, cannot take all of
/// [`RTC_ROOMS`].
pub const RTC_OWNER_ROOMS: usize = 8 * 1024;

/// Bytes that a signalling message takes from its sender's budget besides its own (1 KiB): with the default budget one
/// client sends at most 1,024 messages at once, which is what an inbox holds by default.
pub const RTC_MESSAGE_BYTES: u64 = 1024;

/// Signalling of one client in the long run, in bytes per second (default 64 KiB): a connection to a peer takes some 40,
/// with what [`RTC_MESSAGE_BYTES`] adds.
pub const RTC_BYTES_PER_SECOND: u64 = 64 * 1024;

/// Signalling of one client at once, in bytes (default 1 MiB): connections to some 25 peers.
pub const RTC_BURST_BYTES: u64 = 1024 * 1024;

/// Time over which joins and leaves are collected before the members of their rooms are sent new lists (default 100 ms):
/// a room whose members all come at once is told of it once, not once for each member.
pub const RTC_LIST_DELAY: Duration = Duration::from_millis(100);

/// Largest packet that the server relays, in bytes (default 64 KiB): four times what browsers exchange in one message of
/// a data channel.
pub const RELAY_PACKET_BYTES: usize = 64 * 1024;

/// Relayed bytes of one sender in the long run, per second (default 256 KiB): a game or a shared document; no video.
pub const RELAY_BYTES_PER_SECOND: u64 = 256 * 1024;

/// Relayed bytes of one sender at once (default 1 MiB): four seconds of its rate.
pub const RELAY_BURST_BYTES: u64 = 1024 * 1024;

/// Relayed bytes of all senders in the long run, per second (default 16 MiB): 64 senders at their rate, and a fifth of a
/// network of 1 Gbit/s.
pub const RELAY_TOTAL_BYTES_PER_SECOND: u64 = 16 * 1024 * 1024;

/// Relayed bytes of all senders at once (default 64 MiB): four seconds of their rate.
pub const RELAY_TOTAL_BURST_BYTES: u64 = 64 * 1024 * 1024;

/// Peers whose path is remembered (65,536; 300 bytes each, and 100 of each channel): as many as one process serves of
/// those that exchange packets. The one used least recently is forgotten first.
pub const PATHS: usize = 65_536;

/// Channels whose newest cursor is remembered of one peer (64; 100 bytes each): applications have some ten. The one used
/// least recently is forgotten first, and a duplicate in it is sent again.
pub const PATH_CHANNELS: usize = 64;

/// Senders whose use of a relay is remembered (65,536; 150 bytes each): as many as peers. The one that sent least
/// recently is forgotten first.
pub const RELAY_SENDERS: usize = PATHS;

/// Messages to a peer that are kept until it has acknowledged them (1,024): as many as for a server.
pub const PEER_MESSAGES: usize = UPLINK_MESSAGES;

/// Messages to a peer that are under way without an acknowledgement (64): 64 small messages fit in the buffers of any
/// path, and what is lost with a path is sent again.
pub const PEER_WINDOW: usize = 64;

/// Candidates of a peer that are held until its answer has come (64): a browser finds some ten.
pub const PEER_CANDIDATES: usize = 64;

/// Fields of a control op (64): the largest op has ten.
pub const OP_FIELDS: usize = 64;

/// Bytes of a peer's text that a message quotes (100): enough to recognise a name.
pub const QUOTE_BYTES: usize = 100;

/// Longest text for people in a control op, in bytes (1 KiB): an error message, not a report. Thirty-two of them, in
/// `auth_ok`, take 32 KiB.
pub const TEXT_BYTES: usize = 1024;

/// Names in a list of a `features` notice (32). With [`FEATURE_BYTES`] the notice is below the smallest limit that a
/// client may set for a message (4 KiB).
pub const FEATURES: usize = 32;

/// Longest name in a `features` notice, in bytes (48).
pub const FEATURE_BYTES: usize = 48;

/// Longest channel or topic name that is read at all, in bytes (1 KiB): a name between [`MAX_TOPIC_BYTES`] and this is
/// refused alone, a longer one with its whole op.
pub const NAME_BYTES: usize = 1024;

/// Longest token in `auth`, in bytes (16 KiB): twice what HTTP servers take as a header.
pub const TOKEN_BYTES: usize = 16 * 1024;

/// Channels of a server (256): a channel's id on the wire is one byte.
pub const CHANNELS: usize = 256;

/// Bytes that the ops after `auth` may take while the credentials are checked (64 KiB).
pub const EARLY_OPS_BYTES: usize = HANDSHAKE_BYTES;

/// Ops that may wait while the credentials are checked (16): a correct client waits for the answer before it sends
/// more.
pub const EARLY_OPS: usize = 16;

/// Smallest message limit that a client may state, in bytes (4 KiB); a smaller one counts as this, because `auth_ok`
/// has to fit.
pub const CLIENT_MESSAGE_BYTES_MIN: usize = 4 * 1024;

/// Ids that one error names (4), so that the answer to a long list of unknown ids stays short.
pub const NAMED_IDS: usize = 4;

/// Names in one list of an op of the JSON dialect (1,024): a server has at most 256 channels, and a list may name one
/// more than once.
pub const LISTED_NAMES: usize = 1024;

/// Time within which the tab that has the connection answers another tab (5 s); after that, the other one takes the
/// connection over. An answer takes a few milliseconds, unless the page is frozen or its scripts run without a pause.
pub const TAB_ANSWER: Duration = Duration::from_secs(5);

/// Time without a message of the leader after which a tab asks for a sign of life (3 s, and half of the grace more).
pub const TAB_HEARTBEAT: Duration = Duration::from_secs(3);

/// Time that the leader has for that, twice (6 s): see
/// [`heartbeat_grace`](crate::session::client::ClientConfig::heartbeat_grace).
pub const TAB_HEARTBEAT_GRACE: Duration = Duration::from_secs(6);

/// Bytes that may be on their way to another tab (8 MiB). A tab that is frozen takes none; its line is ended then, and when it
/// runs again it reads on from its positions.
pub const TAB_WAITING_BYTES: u64 = 8 * 1024 * 1024;

/// Tabs that have taken leave and are remembered, in case that they come back while the same connection lasts (64). One that
/// was forgotten learns that its last messages may have been carried out.
pub const TABS_AWAY: usize = 64;

/// Entries of an inbox that are kept for a tab which has not handled them, while another tab has (512). Beyond that the other
/// tabs go on; the first tab misses entries only if its line ends meanwhile, and learns that by a reset.
pub const TAB_UNACKED: usize = 512;

/// Bytes of those entries (512 KiB).
pub const TAB_UNACKED_BYTES: usize = 512 * 1024;

/// Bytes after which a tab tells that it has taken them (256 KiB): a 32nd of [`TAB_WAITING_BYTES`].
pub const TAB_TAKEN_BYTES: u64 = 256 * 1024;

/// Sends of all tabs together that may wait for the server's answer (65,536): 64 tabs with [`UPLINK_MESSAGES`] each.
pub const TABS_UPLINK_MESSAGES: usize = 64 * UPLINK_MESSAGES;

/// Bytes of the bodies of those sends (256 MiB): 64 tabs with [`UPLINK_BYTES`] each.
pub const TABS_UPLINK_BYTES: usize = 64 * UPLINK_BYTES;
