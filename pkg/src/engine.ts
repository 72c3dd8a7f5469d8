// The WebAssembly module, as the client uses it.
import type { AssetCheck, ClientHooks, PageClient, PageSubscription, StreamHooks } from "../engine/engine.js";
import type { Options } from "./types.js";

export type { ClientHooks, PageClient, PageSubscription, StreamHooks };

/** Calls into a module that is loaded. */
export interface Engine {
  /** A client that is not connected yet. Throws for an address or an option that cannot be used. */
  open(url: string, options: Options, hooks: ClientHooks): PageClient;
  /** A check of an asset of `size` bytes, of which at most `limit` are taken. */
  checkAsset(size: number, sha256: string, limit: number): AssetCheck;
}
