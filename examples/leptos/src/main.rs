//! The demo's page in Rust: chat, machine counters and document by Leptos, with the channels crate that the server uses.

mod chat;
mod document;
mod machine;
mod newest;
mod status;

use leptos::prelude::*;
use live_channels::Live;
use push_wire_client_wasm::{Client, Config};

use chat::Chat;
use document::Document;
use machine::Machine;
use status::Status;

fn main() {
    leptos::mount::mount_to_body(App);
}

/// The page. Its parts share one client, and so one connection.
#[component]
fn App() -> impl IntoView {
    let client = match Client::<Live>::connect("/rps", Config::new()) {
        Ok(client) => client,
        Err(error) => return view! { <p class="problem">{error.to_string()}</p> }.into_any(),
    };
    view! {
        <header class="strip">
            <h1>"push-wire in Leptos"</h1>
            <Status client=client.clone() />
        </header>
        <main>
            <Machine client=client.clone() />
            <Chat client=client.clone() />
            <Document client=client />
        </main>
    }
    .into_any()
}
