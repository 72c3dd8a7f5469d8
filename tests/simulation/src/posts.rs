//! POST requests of the pages beside their event streams: a request may be lost, late or repeated, and so may its answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use push_wire_server::internals::hub::{self, PostError, PostProof, Reply};
use push_wire_shared::hidden::Hidden;
use push_wire_shared::session::client::{Input, PostAnswer};
use push_wire_shared::session::server::PostNumber;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::node::Node;
use super::tally::Tally;

/// Time after which a page stops to wait for an answer (10 s).
const TIMEOUT: Duration = Duration::from_secs(10);

/// Answer of the server, once it is known.
type Answer = Arc<Mutex<Option<hub::PostAnswer>>>;

/// A POST as a page requests it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostRequest {
    /// Number of the POST on its connection.
    pub number: u64,
    /// Query of the URL.
    pub query: String,
    /// The session's secret.
    pub secret: [u8; 16],
    /// The message.
    pub message: Vec<u8>,
}

/// A POST between a page and the server.
#[derive(Debug)]
struct Post {
    page: usize,
    /// Number of the page's connection.
    attempt: u32,
    number: u64,
    /// Time at which the page gives up.
    until: Moment,
    latency: Duration,
    is_answer_lost: bool,
    place: Place,
}

/// Place of a POST.
#[derive(Debug)]
enum Place {
    /// On its way to the server.
    ToServer(Moment, PostRequest),
    /// At a process of the server.
    AtServer(u32, Answer),
    /// The answer is on its way.
    ToPage(Moment, PostAnswer),
    /// The request or its answer is lost.
    Lost,
}

/// The POST requests under way.
#[derive(Debug)]
pub struct Posts {
    posts: Vec<Post>,
    rng: fastrand::Rng,
    /// Faults have ended.
    is_reliable: bool,
    tally: Tally,
}

impl Posts {
    /// No POSTs.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            posts: Vec::new(),
            rng: fastrand::Rng::with_seed(seed ^ 0x9057),
            is_reliable: false,
            tally: Tally::default(),
        }
    }

    /// Counts of what was reached.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Ends all faults.
    pub fn recover(&mut self) {
        self.is_reliable = true;
    }

    /// Sends a POST of a page's connection.
    pub fn send(
        &mut self,
        now: Moment,
        (page, attempt): (usize, u32),
        latency: Duration,
        request: PostRequest,
        is_offline: bool,
    ) {
        let fate = if self.is_reliable {
            7
        } else {
            self.rng.u8(0..20)
        };
        let late = match fate {
            // Longer than the page waits, or shorter: then it overtakes nothing, since one is under way at a time.
            0 => Duration::from_millis(self.rng.u64(0..15_000)),
            _ => Duration::ZERO,
        };
        self.tally.add("posts late", (fate == 0).into());
        let is_lost = fate == 1 || is_offline;
        self.tally.add("posts lost", is_lost.into());
        self.tally.add("answers to posts lost", (fate == 2).into());
        let number = request.number;
        let mut post = |place| {
            self.posts.push(Post {
                page,
                attempt,
                number,
                until: now + TIMEOUT,
                latency,
                is_answer_lost: fate == 2,
                place,
            });
        };
        if is_lost {
            return post(Place::Lost);
        }
        if fate == 3 {
            // A proxy sends it twice.
            post(Place::ToServer(now + latency * 2, request.clone()));
            self.tally.add("posts repeated", 1);
        }
        post(Place::ToServer(now + latency + late, request));
    }

    /// The next arrival at the server: its time and its index.
    #[must_use]
    pub fn next_at_server(&self) -> Option<(Moment, usize)> {
        let arrivals = self.posts.iter().enumerate();
        let arrivals = arrivals.filter_map(|(index, post)| match post.place {
            Place::ToServer(at, _) => Some((at, index)),
            Place::AtServer(..) | Place::ToPage(..) | Place::Lost => None,
        });
        arrivals.min()
    }

    /// The next end at a page: its time, the page and its index.
    #[must_use]
    pub fn next_at_page(&self) -> Option<(Moment, usize, usize)> {
        let ends = self.posts.iter().enumerate().map(|(index, post)| {
            let at = match post.place {
                Place::ToPage(at, _) => at.min(post.until),
                Place::ToServer(..) | Place::AtServer(..) | Place::Lost => post.until,
            };
            (at, post.page, index)
        });
        ends.min()
    }

    /// Hands a POST to the server.
    pub fn arrive_at_server(&mut self, now: Moment, index: usize, node: &Node) {
        let post = &mut self.posts[index];
        let Place::ToServer(_, request) = std::mem::replace(&mut post.place, Place::Lost) else {
            return;
        };
        let answer = Answer::default();
        let reply = {
            let answer = Arc::clone(&answer);
            Reply::new(move |given| {
                *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
            })
        };
        let (client, attempt, number) = fields(&request.query);
        let sent = hub::Post {
            content: request.message.into(),
            number: Some(PostNumber { attempt, number }),
            reply,
        };
        let proof = PostProof::Secret(Hidden(request.secret));
        let posted = node.hub().map(|hub| hub.post(client, proof, sent));
        post.place = match posted {
            None => Place::ToPage(now + post.latency, PostAnswer::Unknown),
            Some(Ok(())) => Place::AtServer(node.process(), answer),
            Some(Err(PostError::Busy)) => Place::ToPage(now + post.latency, PostAnswer::Unknown),
            Some(Err(PostError::NoConnection | PostError::Unauthorized)) => {
                Place::ToPage(now + post.latency, PostAnswer::Ended)
            }
        };
    }

    /// Sends the answers that the server has given.
    pub fn send_answers(&mut self, now: Moment, node: &Node) {
        for post in &mut self.posts {
            let Place::AtServer(process, answer) = &post.place else {
                continue;
            };
            let given = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(given) = given else { continue };
            let answer = match given {
                hub::PostAnswer::Taken(_) => PostAnswer::Taken,
                // The connection broke with the process.
                _ if !node.is_process(*process) => PostAnswer::Unknown,
                hub::PostAnswer::Gap { .. } | hub::PostAnswer::Gone => PostAnswer::Ended,
            };
            post.place = match post.is_answer_lost {
                true => Place::Lost,
                false => Place::ToPage(now + post.latency, answer),
            };
        }
    }

    /// The input of the page for a POST that ends there: its answer, or none in time.
    pub fn end_at_page(&mut self, now: Moment, index: usize) -> Input {
        let post = self.posts.swap_remove(index);
        let answer = match post.place {
            Place::ToPage(at, answer) if at <= now => answer,
            Place::ToPage(..) | Place::ToServer(..) | Place::AtServer(..) | Place::Lost => {
                PostAnswer::Unknown
            }
        };
        Input::Posted {
            attempt: post.attempt,
            number: post.number,
            answer,
        }
    }
}

/// Client, attempt and number in a query.
///
/// # Panics
/// If one is missing.
fn fields(query: &str) -> (Uuid, u64, u64) {
    let field = |name: &str| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        let found = fields.find(|(known, _)| *known == name);
        found.map(|(_, value)| value).unwrap_or_default()
    };
    let number = |name| field(name).parse().expect("a number in the query");
    let client = field("client").parse().expect("a UUID in the query");
    (client, number("attempt"), number("number"))
}
