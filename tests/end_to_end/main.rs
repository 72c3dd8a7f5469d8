//! End-to-end tests: real server and real clients over TCP on the loopback interface.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod abandoned_streams;
mod assets;
mod certificate;
mod coturn;
mod dictionaries;
mod drain;
mod event_stream;
mod event_stream_posts;
mod http;
mod http2;
mod http2_client;
mod http2_limits;
mod identity;
mod json_client;
mod json_dialect;
mod large;
mod metered_proxy;
mod native_client;
mod native_event_stream;
mod native_messages;
mod native_refusals;
mod native_tls;
mod native_tokens;
mod nginx;
mod odd_requests;
mod origin;
mod post_limits;
mod proxy;
mod rights;
mod serve;
mod slow_readers;
mod surroundings;
mod tls;
mod topics;
mod upload;
