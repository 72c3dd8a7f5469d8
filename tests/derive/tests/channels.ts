// Written by push-wire from the channels of the backend. Do not edit.
import type { Channel } from "push-wire";

/** Payload types of the channels: of entries, and of messages. */
export interface Channels {
  "chat": Channel<Message, NewMessage>;
  "cpu-load": Channel<Array<number>, never>;
  "report": Channel<never, Author>;
  "other": Channel<unknown, unknown>;
}

export type Author = { name: string, };

/**
 * Message as it is published.
 */
export type Message = { 
/**
 * Time in milliseconds.
 */
at: number, author: Author | null, text: string, };

export type NewMessage = { text: string, };
