// Exports shared by both entries of the package.
export type { Client } from "./client.js";
export type { DocumentStats, LiveDocument, TextElement } from "./document.js";
export { type ErrorCode, type PackageErrorCode, PushError, type ServerErrorCode } from "./error.js";
export type { Messages } from "./messages.js";
export type { Observable } from "./observable.js";
export type { Subscription } from "./subscription.js";
export type {
  Address,
  AnyChannels,
  Asset,
  AssetOptions,
  BinaryEnvelope,
  Channel,
  Entry,
  Handler,
  KeyValueStorage,
  Notice,
  Options,
  Outcome,
  Position,
  ReadName,
  ReadOf,
  ReadOptions,
  RetryOptions,
  SendName,
  SendOf,
  SendOptions,
  Signal,
  Skipped,
  Stats,
  Status,
  TokenAnswer,
  WebSocketClass,
} from "./types.js";
