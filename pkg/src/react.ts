// Entry `push-wire/react`: hooks that read streams and documents.
"use client";

import { useCallback, useMemo, useSyncExternalStore } from "react";

import type { Client } from "./client.js";
import { type ChannelEntries, type DocumentValue, type ReadError, readChannel, readDocument, Source } from "./react-source.js";
import type { Position, ReadName, ReadOf, Status } from "./types.js";

export type { ChannelEntries, DocumentValue, ReadError };

/** Stream to read, first entry, and number of entries to keep. */
export interface ChannelOptions {
  /** Read this topic of the channel. */
  topic?: string | undefined;
  /** Read this client's own inbox in the channel. */
  inbox?: boolean | undefined;
  /** First entry: the oldest one kept (default), the next one published, or the one after a position. Of the components that read a stream together, that of the first counts. */
  from?: "oldest" | "newest" | Position | undefined;
  /** Number of entries to keep, the newest ones; default 1,000. */
  limit?: number | undefined;
}

/** A client, or none yet. */
type Given<Channels extends object> = Client<Channels> | null | undefined;

const LIMIT = 1000;
const NO_ENTRIES: ChannelEntries<never> = { entries: [], outcome: undefined, error: undefined };
const NO_VALUE: DocumentValue<never> = { value: undefined, error: undefined };
const IDLE: Status = { phase: "idle", transport: null, attempt: 0 };

/** The streams that are read, by client, and by kind of reading and name. */
const sources = new WeakMap<object, Map<string, Source<any>>>();

/**
 * The newest entries of a stream, for a list. Components that read the same stream share one subscription and its entries.
 *
 * Without a client, as on a server that renders pages, the list is empty.
 *
 * @example
 * const { entries, error } = useChannel(client, "chat", { topic: "lobby" });
 */
export function useChannel<Channels extends object, K extends ReadName<Channels>>(
  client: Given<Channels>,
  channel: K,
  options: ChannelOptions = {},
): ChannelEntries<ReadOf<Channels[K]>> {
  const { limit = LIMIT, ...stream } = options;
  if (!(limit >= 1)) throw new RangeError(`limit is ${limit}; it must be a number from 1 on`);
  const read = (client: Client) => readChannel(client, channel, given(stream));
  const key = JSON.stringify(["channel", channel, stream.topic, stream.inbox ?? false]);
  const view = useSource<ChannelEntries<ReadOf<Channels[K]>>>(client, key, NO_ENTRIES, read, limit);
  return useMemo(() => (view.entries.length > limit ? { ...view, entries: view.entries.slice(-limit) } : view), [view, limit]);
}

/**
 * The newest value of a state channel, or of a topic of one. Components that read the same document share one subscription.
 *
 * @example
 * const { value = "" } = useDocument(client, "page");
 */
export function useDocument<Channels extends object, K extends ReadName<Channels>>(
  client: Given<Channels>,
  channel: K,
  options: { topic?: string | undefined } = {},
): DocumentValue<ReadOf<Channels[K]>> {
  const key = JSON.stringify(["document", channel, options.topic]);
  return useSource(client, key, NO_VALUE, (client) => readDocument(client, channel, given(options)));
}

/** State of the connection: `idle` without a client, on a server that renders pages, and while its page is hydrated. */
export function usePushStatus<Channels extends object>(client: Given<Channels>): Status {
  const subscribe = useCallback((changed: () => void) => client?.status.subscribe(changed) ?? nothing, [client]);
  return useSyncExternalStore(subscribe, () => client?.status.value ?? IDLE, () => IDLE);
}

function useSource<V extends { readonly error: ReadError | undefined }>(
  client: Given<any>,
  key: string,
  empty: V,
  read: (client: Client) => ConstructorParameters<typeof Source<any>>[1],
  limit = 0,
): V {
  const subscribe = useCallback(
    (changed: () => void) => {
      if (!client) return nothing;
      const own = sources.get(client) ?? new Map<string, Source<V>>();
      sources.set(client, own);
      const source = own.get(key) ?? new Source<V>(empty, read(client), () => own.delete(key));
      source.limit = Math.max(source.limit, limit);
      const end = source.use(changed);
      own.set(key, source);
      return end;
    },
    // Not `read`, which reads the same stream as long as the key is the same: options are often written inline.
    [client, key, limit],
  );
  // Nothing is made while rendering, since React may throw the result away.
  const view = (): V => (client && sources.get(client)?.get(key)?.view) ?? empty;
  return useSyncExternalStore(subscribe, view, () => empty);
}

function nothing(): void {}

/** The options that have a value. */
function given<T extends object>(options: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
