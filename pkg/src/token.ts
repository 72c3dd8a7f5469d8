// Tokens from the application's function.
import { describe } from "./arguments.js";
import { PushError, thrownText } from "./error.js";
import type { Engine } from "./engine.js";
import type { Options } from "./types.js";

/** Function of the application that gives a token. */
type TokenFunction = Exclude<Options["token"], string | undefined>;

/**
 * Answers the engine's requests for a token with the application's function; the engine decides when to ask.
 *
 * A function that throws or rejects has failed for now: the engine asks again after the back-off delay. One that returns
 * `null`, `undefined` or another value that is no string denies it, which closes the client.
 */
export class TokenSource {
  readonly #get: TokenFunction;
  readonly #failed: (error: PushError) => void;

  constructor(get: TokenFunction, failed: (error: PushError) => void) {
    this.#get = get;
    this.#failed = failed;
  }

  /** Calls the application's function; `isOver` returns whether the engine has ended meanwhile. */
  async give(engine: Engine, request: number, isOver: () => boolean): Promise<void> {
    let token: unknown;
    try {
      token = await this.#get();
    } catch (cause) {
      if (isOver()) return;
      const message = `the application's token function failed: ${thrownText(cause)}`;
      this.#failed(new PushError("token", message, { cause }));
      if (!isOver()) engine.tokenFailed(request, message);
      return;
    }
    if (isOver()) return;
    if (typeof token === "string") engine.tokenGiven(request, token);
    else engine.tokenDenied(request, `the application's token function gave ${token == null ? "none" : describe(token)}`);
  }
}
