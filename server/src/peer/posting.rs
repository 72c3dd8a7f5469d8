//! The POST whose message is being handled.

use crate::dialect::Codec;
use crate::hub::{OpAnswer, PostAnswer, Reply};

/// The POST whose message is being handled; at most one.
#[derive(Default, Debug)]
pub(super) struct Posting(Option<Box<Current>>);

#[derive(Debug)]
struct Current {
    reply: Reply,
    answers: Vec<OpAnswer>,
}

impl Posting {
    /// Begins a POST.
    pub(super) fn begin(&mut self, reply: Reply) {
        let answers = Vec::new();
        self.0 = Some(Box::new(Current { reply, answers }));
    }

    /// Returns whether a POST is being handled.
    pub(super) const fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Collects what the codec is given from here on, if a POST is being handled.
    pub(super) fn listen(&self, codec: &mut Codec) {
        if self.is_open() {
            codec.collect_answers();
        }
    }

    /// Ends [`listen`](Self::listen).
    pub(super) fn collect(&mut self, codec: &mut Codec) {
        if let Some(current) = &mut self.0 {
            current.answers.append(&mut codec.take_answers());
        }
    }

    /// Answers the POST: its message is handled.
    pub(super) fn finish(&mut self) {
        if let Some(current) = self.0.take() {
            let Current { reply, answers } = *current;
            reply.give(PostAnswer::Taken(answers));
        }
    }

    /// Drops the POST: the connection has ended.
    pub(super) fn drop_reply(&mut self) {
        self.0 = None;
    }
}
