// A client of the chat room that sends over HTTP, by requests alone.
import { randomUUID } from "node:crypto";

export class Talker {
  #url;
  #id = randomUUID();
  #stream = new AbortController();

  /** Opens an event stream, without which it could not send. */
  static async join(port) {
    const talker = new Talker();
    talker.#url = `http://127.0.0.1:${port}/rps`;
    const { signal } = talker.#stream;
    const response = await fetch(`${talker.#url}/sse?client_id=${talker.#id}&channels=chat`, { signal });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    talker.#read(response.body).catch(() => {});
    return talker;
  }

  /** Says something in the room. */
  async say(text) {
    const message = { client_id: this.#id, channel: "chat", payload: { name: "Ben", text } };
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.#url}/send`, { method: "POST", headers, body: JSON.stringify(message) });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  }

  leave() {
    this.#stream.abort();
  }

  async #read(body) {
    for await (const _ of body);
  }
}
