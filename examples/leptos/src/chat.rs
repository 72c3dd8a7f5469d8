//! Panel of the chat rooms.

use futures_util::StreamExt;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;
use leptos::task::spawn_local;
use live_channels::{ChatMessage, Live, Message, ROOMS};
use push_wire_client_wasm::{Client, Delivery, Outcome, StreamRequest};

/// Messages of a room, oldest first. Reading ends with the component that calls this.
fn messages(client: &Client<Live>, room: &'static str) -> RwSignal<Vec<Message>> {
    let list = RwSignal::new(Vec::new());
    let mut entries = match client.subscribe(StreamRequest::topic(Live::Room, room)) {
        Ok(entries) => entries,
        Err(error) => {
            leptos::logging::error!("{room} is not read: {error}");
            return list;
        }
    };
    spawn_local_scoped_with_cancellation(async move {
        while let Some(delivery) = entries.next().await {
            match delivery {
                Delivery::Entry(entry) => match entry.value() {
                    Ok(message) => list.update(|list| list.push(message)),
                    Err(error) => leptos::logging::error!("a message cannot be read: {error}"),
                },
                // The room began anew, as after a restart of the server.
                Delivery::Outcome {
                    outcome: Outcome::Reset(_),
                    ..
                } => list.update(Vec::clear),
                Delivery::Ended { message, .. } => {
                    leptos::logging::error!("{room} is no longer read: {message}");
                }
                Delivery::Outcome { .. } | Delivery::Skipped { .. } | _ => {}
            }
        }
    });
    list
}

/// The rooms, and a form for a message to the one that is shown.
#[component]
pub(crate) fn Chat(client: Client<Live>) -> impl IntoView {
    let room = RwSignal::new(0_usize);
    let lists = ROOMS.map(|name| messages(&client, name));
    let name = RwSignal::new(String::from("Ferris"));
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(String::new());
    let say = move |event: SubmitEvent| {
        event.prevent_default();
        let message = ChatMessage {
            name: name.get_untracked(),
            text: text.get_untracked(),
        };
        text.set(String::new());
        problem.set(String::new());
        // Queued now, also while the page is away; the answer is awaited for its error.
        let sending = client.send(Live::Room, Some(ROOMS[room.get_untracked()]), &message);
        spawn_local(async move {
            if let Err(error) = sending.await {
                problem.set(error.to_string());
            }
        });
    };
    let tab = move |(at, name): (usize, &'static str)| {
        view! {
            <button type="button" role="tab" aria-selected=move || (room.get() == at).to_string() on:click=move |_| room.set(at)>
                {name}
            </button>
        }
    };
    let items = move || {
        let shown = lists[room.get()].get();
        shown
            .into_iter()
            .map(|message| view! { <li><b>{message.name}</b> {message.text}</li> })
            .collect_view()
    };
    view! {
        <section class="panel chat" aria-labelledby="room-title">
            <header>
                <h2 id="room-title">"Room"</h2>
                <div role="tablist" aria-label="Rooms">{ROOMS.into_iter().enumerate().map(tab).collect_view()}</div>
            </header>
            <ol id="room" tabindex="0" aria-live="polite">{items}</ol>
            <form on:submit=say autocomplete="off">
                <input id="say-name" aria-label="Name" maxlength="32" required bind:value=name />
                <input id="say-text" aria-label="Message" placeholder="Message" maxlength="1000" required bind:value=text />
                <button type="submit">"Send"</button>
                <p id="say-problem" class="problem" role="alert">{problem}</p>
            </form>
        </section>
    }
}
