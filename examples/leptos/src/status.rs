//! State of the connection.

use futures_util::StreamExt;
use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;
use live_channels::Live;
use push_wire_client_wasm::{Client, Status as Connection};

/// Name of a state, as the npm package has it.
fn phase(connection: &Connection) -> &'static str {
    match connection {
        Connection::Idle => "idle",
        Connection::AwaitingToken { .. } | Connection::Connecting { .. } => "connecting",
        Connection::Ready => "connected",
        Connection::Waiting { .. } => "waiting",
        Connection::Suspended { .. } => "offline",
        Connection::Closed { .. } => "closed",
    }
}

/// State of the connection, in one word.
#[component]
pub(crate) fn Status(client: Client<Live>) -> impl IntoView {
    let (shown, set_shown) = signal(phase(&client.status()));
    let mut changes = client.status_changes();
    spawn_local_scoped_with_cancellation(async move {
        while let Some(connection) = changes.next().await {
            set_shown.set(phase(&connection));
        }
    });
    view! {
        <p id="status" role="status" data-phase=shown>
            <i class="lamp"></i>
            {shown}
        </p>
    }
}
