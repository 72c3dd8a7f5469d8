//! Messages between tabs: a kind, integers as varints, and at most one part of bytes at the end.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Generation, TabId};
use crate::session::client::{Attention, Cause, Transport};
use crate::session::op::{AuthOk, ServerOp};
use crate::session::wire::{read_varint, write_varint};

/// Bytes that are not a message of this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a message of a tab")]
pub struct MessageError;

/// The announcement of a new leader, or of its connection, to all tabs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lead {
    /// Its generation.
    pub generation: Generation,
    /// Number of its connection, higher than those of the earlier ones; 0 before there is one.
    pub connection: u64,
}

/// A message of a tab to the leader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ToLeader {
    /// The tab wants to know the state of the connection. Always answered.
    Join {
        /// Number of times that the tab has left the others.
        visit: u64,
        /// Attempts that it asks for.
        attention: Attention,
    },
    /// The tab was hidden or shown, or the network was lost or came back.
    Attend(Attention),
    /// The application asks for an attempt at once.
    Connect,
    /// The application has set the token, which counts for all tabs.
    Token(Option<String>),
    /// Begins a line, as the transport of this attempt of the tab's session.
    Open {
        /// Number of the attempt.
        attempt: u32,
        /// Connection of the leader that the line is for.
        connection: u64,
        /// The tab's newest message that has left on this connection, and is not known as taken; 0 for none.
        sent: u64,
        /// The tab's messages that an earlier leader has passed on.
        answer: Box<AuthOk>,
    },
    /// A message of the tab's session.
    Data {
        /// The line's attempt.
        attempt: u32,
        /// The message.
        bytes: Vec<u8>,
    },
    /// The tab has taken this many bytes.
    Got {
        /// The line's attempt.
        attempt: u32,
        /// Number of bytes.
        bytes: u64,
    },
    /// The tab has ended its line.
    Shut {
        /// The line's attempt.
        attempt: u32,
    },
    /// The tab is left, and may come back.
    Leave,
}

/// A message of the leader to a tab.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ToTab {
    /// The leader is connecting; the state follows.
    Wait,
    /// The leader is connected: the tab may begin a line.
    Ready {
        /// Number of the connection.
        connection: u64,
        /// Its transport.
        transport: Transport,
        /// The server's answer to the handshake, without the secret.
        answer: Box<AuthOk>,
    },
    /// The leader is not connected.
    Down {
        /// No attempts are made until a tab is visible and online.
        is_suspended: bool,
        /// Time until the next attempt; `None` for no more attempts.
        retry: Option<Duration>,
        /// Attempts that failed in a row.
        failures: u32,
        /// Reason for the end of the last connection.
        cause: Cause,
    },
    /// A message for the tab's session.
    Data {
        /// The line's attempt.
        attempt: u32,
        /// The newest message of the tab that the server has taken or refused, by the session's number.
        taken: u64,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A message of the tab leaves under this number.
    Number {
        /// Number of the connection.
        connection: u64,
        /// The message's number in the tab's session.
        own: u64,
        /// Its number in the server's session.
        number: u64,
    },
    /// The leader has ended the line; the tab may begin another one.
    End {
        /// The line's attempt.
        attempt: u32,
    },
}

const LEAD: u8 = 0;
const JOIN: u8 = 1;
const ATTEND: u8 = 2;
const CONNECT: u8 = 3;
const OPEN: u8 = 4;
const DATA: u8 = 5;
const GOT: u8 = 6;
const SHUT: u8 = 7;
const LEAVE: u8 = 8;
const WAIT: u8 = 9;
const READY: u8 = 10;
const DOWN: u8 = 11;
const NUMBER: u8 = 12;
const END: u8 = 13;
const TOKEN: u8 = 14;

impl Lead {
    /// Writes the announcement as bytes.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        write(LEAD, &[self.generation, self.connection], &[])
    }

    /// Reads an announcement; `None` for another message.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        (fields.byte().ok()? == LEAD).then_some(())?;
        Some(Self {
            generation: fields.number().ok()?,
            connection: fields.number().ok()?,
        })
    }
}

impl ToLeader {
    /// Returns whether it belongs to a line, and counts only for the leader at its other end.
    pub(super) const fn is_of_line(&self) -> bool {
        matches!(
            self,
            Self::Open { .. } | Self::Data { .. } | Self::Got { .. } | Self::Shut { .. }
        )
    }

    /// Writes the message as bytes.
    #[must_use]
    pub fn encode(&self, generation: Generation, tab: TabId) -> Vec<u8> {
        let write = |kind, numbers: &[u64], rest: &[u8]| {
            write(kind, &[&[generation, tab], numbers].concat(), rest)
        };
        match self {
            Self::Join { visit, attention } => write(JOIN, &[*visit, attention.number()], &[]),
            Self::Attend(attention) => write(ATTEND, &[attention.number()], &[]),
            Self::Connect => write(CONNECT, &[], &[]),
            Self::Token(token) => {
                let text = token.as_deref().unwrap_or_default();
                write(TOKEN, &[u64::from(token.is_some())], text.as_bytes())
            }
            Self::Open {
                attempt,
                connection,
                sent,
                answer,
            } => {
                let numbers = [u64::from(*attempt), *connection, *sent];
                write(OPEN, &numbers, &answer_bytes(answer))
            }
            Self::Data { attempt, bytes } => write(DATA, &[u64::from(*attempt)], bytes),
            Self::Got { attempt, bytes } => write(GOT, &[u64::from(*attempt), *bytes], &[]),
            Self::Shut { attempt } => write(SHUT, &[u64::from(*attempt)], &[]),
            Self::Leave => write(LEAVE, &[], &[]),
        }
    }

    /// Reads a message: the generation that it is meant for, its tab, and itself.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn decode(bytes: &[u8]) -> Result<(Generation, TabId, Self), MessageError> {
        let mut fields = Fields(bytes);
        let kind = fields.byte()?;
        let (generation, tab) = (fields.number()?, fields.number()?);
        let message = match kind {
            JOIN => Self::Join {
                visit: fields.number()?,
                attention: Attention::of(fields.number()?),
            },
            ATTEND => Self::Attend(Attention::of(fields.number()?)),
            CONNECT => Self::Connect,
            TOKEN => Self::Token(match fields.number()? {
                0 => None,
                _ => Some(fields.text()?),
            }),
            OPEN => Self::Open {
                attempt: fields.small()?,
                connection: fields.number()?,
                sent: fields.number()?,
                answer: fields.answer()?,
            },
            DATA => Self::Data {
                attempt: fields.small()?,
                bytes: fields.0.into(),
            },
            GOT => Self::Got {
                attempt: fields.small()?,
                bytes: fields.number()?,
            },
            SHUT => Self::Shut {
                attempt: fields.small()?,
            },
            LEAVE => Self::Leave,
            _ => return Err(MessageError),
        };
        Ok((generation, tab, message))
    }
}

impl ToTab {
    /// Writes the message as bytes.
    #[must_use]
    pub fn encode(&self, generation: Generation, visit: u64) -> Vec<u8> {
        let write = |kind, numbers: &[u64], rest: &[u8]| {
            write(kind, &[&[generation, visit], numbers].concat(), rest)
        };
        match self {
            Self::Wait => write(WAIT, &[], &[]),
            Self::Ready {
                connection,
                transport,
                answer,
            } => {
                let is_event_stream = u64::from(*transport == Transport::EventStream);
                let numbers = [*connection, is_event_stream];
                write(READY, &numbers, &answer_bytes(answer))
            }
            Self::Down {
                is_suspended,
                retry,
                failures,
                cause,
            } => {
                // One more than the time, since 0 stands for none.
                let retry = retry.map_or(0, |retry| millis(retry).saturating_add(1));
                let code = u64::from(cause.code.unwrap_or_default());
                let numbers = [u64::from(*is_suspended), retry, u64::from(*failures), code];
                write(DOWN, &numbers, cause.message.as_bytes())
            }
            Self::Data {
                attempt,
                taken,
                bytes,
            } => write(DATA, &[u64::from(*attempt), *taken], bytes),
            Self::Number {
                connection,
                own,
                number,
            } => write(NUMBER, &[*connection, *own, *number], &[]),
            Self::End { attempt } => write(END, &[u64::from(*attempt)], &[]),
        }
    }

    /// Reads a message: the generation of the leader, the visit of the tab that it is for, and itself.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn decode(bytes: &[u8]) -> Result<(Generation, u64, Self), MessageError> {
        let mut fields = Fields(bytes);
        let kind = fields.byte()?;
        let (generation, visit) = (fields.number()?, fields.number()?);
        let message = match kind {
            WAIT => Self::Wait,
            READY => Self::Ready {
                connection: fields.number()?,
                transport: match fields.number()? {
                    0 => Transport::WebSocket,
                    _ => Transport::EventStream,
                },
                answer: fields.answer()?,
            },
            DOWN => Self::Down {
                is_suspended: fields.number()? != 0,
                retry: fields.number()?.checked_sub(1).map(Duration::from_millis),
                failures: fields.small()?,
                cause: Cause {
                    code: Some(fields.small()?).filter(|&code| code != 0),
                    message: fields.text()?,
                },
            },
            DATA => Self::Data {
                attempt: fields.small()?,
                taken: fields.number()?,
                bytes: fields.0.into(),
            },
            NUMBER => Self::Number {
                connection: fields.number()?,
                own: fields.number()?,
                number: fields.number()?,
            },
            END => Self::End {
                attempt: fields.small()?,
            },
            _ => return Err(MessageError),
        };
        Ok((generation, visit, message))
    }
}

fn write(kind: u8, numbers: &[u64], rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + 4 * numbers.len() + rest.len());
    out.push(kind);
    for &number in numbers {
        write_varint(&mut out, number);
    }
    out.extend_from_slice(rest);
    out
}

/// A handshake's answer, as the op of the wire.
fn answer_bytes(answer: &AuthOk) -> Vec<u8> {
    let mut out = Vec::new();
    ServerOp::AuthOk(answer.clone()).encode(&mut out);
    out
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Fields that are still to be read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn byte(&mut self) -> Result<u8, MessageError> {
        let (&byte, rest) = self.0.split_first().ok_or(MessageError)?;
        self.0 = rest;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64, MessageError> {
        let (number, rest) = read_varint(self.0).map_err(|_| MessageError)?;
        self.0 = rest;
        Ok(number)
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Result<T, MessageError> {
        T::try_from(self.number()?).map_err(|_| MessageError)
    }

    fn text(&self) -> Result<String, MessageError> {
        let text = str::from_utf8(self.0).map_err(|_| MessageError)?;
        Ok(text.into())
    }

    fn answer(&mut self) -> Result<Box<AuthOk>, MessageError> {
        match ServerOp::decode(self.0) {
            Ok(ServerOp::AuthOk(answer)) => Ok(Box::new(answer)),
            Ok(_) | Err(_) => Err(MessageError),
        }
    }
}
