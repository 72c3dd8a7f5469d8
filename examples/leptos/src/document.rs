//! Panel of the watched file.

use leptos::prelude::*;
use live_channels::{Content, Document as File, Live};
use push_wire_client_wasm::Client;

use crate::newest::newest;

/// Text of the watched file. Changes come as deltas, which the client applies.
#[component]
pub(crate) fn Document(client: Client<Live>) -> impl IntoView {
    let file = newest::<File>(&client, Live::Document);
    let name = move || file.with(|file| file.as_ref().map(|file| file.name.clone()));
    let text = move || {
        file.with(|file| match file.as_ref().map(|file| &file.content) {
            Some(Content::Text(text) | Content::Problem(text)) => text.clone(),
            None => String::new(),
        })
    };
    view! {
        <section class="panel text" aria-labelledby="document-title">
            <header>
                <h2 id="document-title">"Document"</h2>
                <code>{name}</code>
            </header>
            <pre id="document" tabindex="0">{text}</pre>
        </section>
    }
}
