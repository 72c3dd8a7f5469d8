//! Tests of what the server logs: channels by name, refused origins with the setting.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use push_wire_server::PushServer;
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_default;
use tracing::{Event, Metadata, Subscriber};
use uuid::Uuid;

use super::dictionaries::trained;
use super::harness::{Channel, soon, start};

/// Subscriber that keeps the fields of events, one event a line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Log {
    /// The line that contains this text.
    fn line(&self, text: &str) -> String {
        let log = self.0.lock().unwrap();
        let line = log.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("{text:?} is not in {log}"))
            .to_owned()
    }
}

#[tokio::test]
async fn channels_are_named() {
    let log = Log::default();
    let _default = set_default(log.clone());
    let server = Arc::new(PushServer::new());
    server.set_dictionary(Channel::Prices, trained()).unwrap();
    let line = log.line("a channel has a new dictionary");
    assert!(line.contains("channel=\"prices\""), "{line}");
    server.on_message(Channel::Chat, |_, _| panic!("a handler's mistake"));
    let running = start(&server).await;
    let mut client = running.json("/rps").await;
    client.auth(Uuid::from_u128(1)).await;
    client.say(json!({"channel": "chat", "payload": 1})).await;
    assert_eq!(client.receive_json().await["op"], "error");
    let line = log.line("a message handler panicked");
    assert!(line.contains("channel=\"chat\""), "{line}");
}

#[tokio::test]
async fn refused_origins_name_the_setting() {
    let log = Log::default();
    let _default = set_default(log.clone());
    let running = start(&Arc::new(PushServer::<Channel>::new())).await;
    let mut request = format!("ws://{}/rps", running.addr)
        .into_client_request()
        .unwrap();
    let origin = "https://other.example".parse().unwrap();
    request.headers_mut().insert("origin", origin);
    let refused = soon(tokio_tungstenite::connect_async(request)).await;
    assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == 403));
    let line = log.line("allowed_origins");
    assert!(line.contains("https://other.example"), "{line}");
}
