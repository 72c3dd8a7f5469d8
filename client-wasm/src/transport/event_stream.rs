//! The event stream of one attempt, and the POST requests beside it (docs/event-streams.md).

use std::cell::Cell;
use std::time::Duration;

use js_sys::{JSON, Number, Reflect, Uint8Array};
use push_wire_shared::close::CloseReason;
use push_wire_shared::event_stream::{EventParser, StreamClose, StreamItem, read_item};
use push_wire_shared::session::client::{Input, PostAnswer};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Headers, RequestInit, Response};

use super::{Attempt, Settings};
use crate::fetch::{Body, fetch, text};
use crate::task;

/// Longest wait for the answer to a POST, in milliseconds, after which it is sent again.
const POST_TIMEOUT: u32 = 10_000;

/// Description of a stream that ended without a word of the server.
const LOST: &str = "the connection was lost";

/// An event stream, which opens with the first message. Dropping it ends the stream; POST requests under way are finished.
pub(crate) struct EventStream {
    route: String,
    max_message_bytes: usize,
    attempt: Attempt,
    end: AbortController,
    is_open: Cell<bool>,
}

impl EventStream {
    /// A stream without connection.
    pub(crate) fn new(settings: &Settings, attempt: Attempt) -> Result<Self, JsValue> {
        let stream = Self {
            route: settings.address.route.clone(),
            max_message_bytes: settings.max_message_bytes,
            attempt,
            end: AbortController::new()?,
            is_open: Cell::new(false),
        };
        let Attempt { number, driver } = stream.attempt.clone();
        task::later(move || {
            if let Some(driver) = driver.upgrade() {
                driver.input(Input::Opened { attempt: number });
            }
        });
        Ok(stream)
    }

    /// Opens the stream with the first message. Later messages are POST requests.
    pub(crate) fn open(&self, message: Vec<u8>) {
        if self.is_open.replace(true) {
            return;
        }
        let reading = Reading {
            url: format!("{}/sse", self.route),
            max_message_bytes: self.max_message_bytes,
            attempt: self.attempt.clone(),
            end: self.end.clone(),
        };
        wasm_bindgen_futures::spawn_local(async move {
            let ending = reading.run(message).await;
            reading.input(|attempt| ending.input(attempt));
        });
    }

    /// Ends the stream.
    pub(crate) fn close(&self) {
        self.end.abort();
    }

    /// Sends a POST; its answer is an event.
    pub(crate) fn post(&self, number: u64, query: &str, secret: [u8; 16], message: Vec<u8>) {
        let url = format!("{}/send?{query}", self.route);
        let Attempt {
            number: attempt,
            driver,
        } = self.attempt.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let answer = post(&url, secret, &message).await;
            let answer = answer.unwrap_or(PostAnswer::Unknown);
            if let Some(driver) = driver.upgrade() {
                driver.input(Input::Posted {
                    attempt,
                    number,
                    answer,
                });
            }
        });
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.close();
    }
}

/// End of a stream.
enum Ending {
    Closed {
        code: Option<u16>,
        reason: String,
    },
    /// It did not begin: HTTP has answered otherwise.
    Answered {
        status: u16,
        retry: Option<Duration>,
        reason: String,
    },
}

impl Ending {
    fn lost(reason: String) -> Self {
        Self::Closed { code: None, reason }
    }

    fn by_server(StreamClose { code, reason }: StreamClose) -> Self {
        let code = Some(code);
        Self::Closed { code, reason }
    }

    fn by_us(reason: CloseReason) -> Self {
        Self::Closed {
            code: Some(reason.code()),
            reason: reason.text().into(),
        }
    }

    fn input(self, attempt: u32) -> Input {
        match self {
            Self::Closed { code, reason } => Input::Closed {
                attempt,
                code,
                reason,
            },
            Self::Answered {
                status,
                retry,
                reason,
            } => Input::answered(attempt, status, retry, reason),
        }
    }
}

/// The answer to the first message, as it is read.
struct Reading {
    url: String,
    max_message_bytes: usize,
    attempt: Attempt,
    end: AbortController,
}

impl Reading {
    async fn run(&self, message: Vec<u8>) -> Ending {
        let response = match self.request(&message).await {
            Ok(response) => response,
            Err(thrown) => return Ending::lost(format!("{}: {}", self.url, text(&thrown))),
        };
        let ending = match self.refusal(&response) {
            Some(ending) => ending,
            None => match self.read(&response).await {
                Ok(ending) => ending,
                Err(thrown) => Ending::lost(format!("{LOST}: {}", text(&thrown))),
            },
        };
        // Also where an answer without an event stream goes on and on, and would keep its connection.
        self.end.abort();
        ending
    }

    async fn request(&self, message: &[u8]) -> Result<Response, JsValue> {
        let request = post_request(message, None)?;
        request.set_signal(Some(&self.end.signal()));
        fetch(&self.url, &request).await
    }

    /// The end of a stream that the server has not begun.
    fn refusal(&self, response: &Response) -> Option<Ending> {
        let status = response.status();
        let content_type = response.headers().get("content-type").ok().flatten();
        let is_stream = content_type.is_some_and(|value| value.starts_with("text/event-stream"));
        if status == 200 && is_stream {
            return None;
        }
        let url = &self.url;
        Some(Ending::Answered {
            status,
            retry: retry_after(response),
            reason: format!("{url}: the server answered {status} without an event stream"),
        })
    }

    async fn read(&self, response: &Response) -> Result<Ending, JsValue> {
        let mut body = Body::of(response)?;
        // The base64 of a message, in lines: a third more, and a line feed for each record.
        let mut parser = EventParser::new(self.max_message_bytes.saturating_mul(2));
        while let Some(bytes) = body.next().await? {
            if let Some(ending) = self.parse(&mut parser, &bytes.to_vec()) {
                return Ok(ending);
            }
        }
        Ok(Ending::lost(LOST.into()))
    }

    /// Passes on the messages that the bytes complete. Returns the end of the stream, if it ends here.
    fn parse(&self, parser: &mut EventParser, bytes: &[u8]) -> Option<Ending> {
        let mut items = Vec::new();
        let parsed = parser.push(bytes, |event| items.push(read_item(&event)));
        if items.is_empty() {
            self.input(|attempt| Input::Part { attempt });
        }
        for item in items {
            match item {
                Ok(Some(StreamItem::Message(bytes))) => {
                    self.input(|attempt| Input::Message { attempt, bytes });
                }
                Ok(Some(StreamItem::Close(json))) => {
                    let close = close(&json);
                    return Some(close.map_or_else(
                        || Ending::by_us(CloseReason::ProtocolError),
                        Ending::by_server,
                    ));
                }
                Ok(None) => {}
                Err(_) => return Some(Ending::by_us(CloseReason::ProtocolError)),
            }
        }
        parsed
            .err()
            .map(|_| Ending::by_us(CloseReason::MessageTooLarge))
    }

    fn input(&self, input: impl FnOnce(u32) -> Input) {
        if let Some(driver) = self.attempt.driver.upgrade() {
            driver.input(input(self.attempt.number));
        }
    }
}

/// Reads the data of a `close` with the browser's parser.
fn close(json: &[u8]) -> Option<StreamClose> {
    let value = JSON::parse(str::from_utf8(json).ok()?).ok()?;
    let field = |name: &str| Reflect::get(&value, &name.into()).ok();
    let code: Number = field("code")?.dyn_into().ok()?;
    let reason = field("reason").and_then(|reason| reason.as_string());
    Some(StreamClose {
        code: String::from(code.to_string_with_radix(10).ok()?)
            .parse()
            .ok()?,
        reason: reason.unwrap_or_default(),
    })
}

async fn post(url: &str, secret: [u8; 16], message: &[u8]) -> Result<PostAnswer, JsValue> {
    let request = post_request(message, Some(secret))?;
    request.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(POST_TIMEOUT)));
    let response = fetch(url, &request).await?;
    let retry = retry_after(&response);
    Ok(PostAnswer::of_status(response.status(), retry))
}

/// Time after which a request may be sent again, if the answer states it in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after").ok()??;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

fn post_request(message: &[u8], secret: Option<[u8; 16]>) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/octet-stream")?;
    if let Some(secret) = secret {
        headers.set("push-wire-secret", &hex::encode(secret))?;
    }
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&Uint8Array::from(message));
    Ok(request)
}
