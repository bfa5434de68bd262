// Reading a site before its film is made: what the company is, and a script to be edited.

import { ApiError, post } from "./api.js";
import { $, announce } from "./dom.js";
import { eventsOf } from "./events.js";

export class Reader {
  /** `request()`: fields of POST /api/research, or an ApiError; `card`: where it is shown; `fail(error)`. */
  constructor({ request, card, begin, fail }) {
    Object.assign(this, { request, card, begin, fail, abort: null });
    $("read").addEventListener("click", () => (this.abort ? this.stop() : this.read()));
  }

  stop() {
    this.abort?.abort();
  }

  async read() {
    let fields;
    try {
      fields = this.request();
    } catch (error) {
      return this.fail(error);
    }
    this.begin();
    this.#busy(new AbortController());
    try {
      await this.#follow(fields, this.abort.signal);
      announce("The site was read. Its script is below.");
    } catch (error) {
      if (!$("written-text").textContent) this.card.expect(false);
      if (error.name !== "AbortError") this.fail(error);
    } finally {
      this.#busy(null);
    }
  }

  async #follow(fields, signal) {
    this.card.expect(true);
    const response = await post("/api/research", { ...fields, script: true, stream: true }, { signal });
    const sentences = [];
    for await (const { kind, data } of eventsOf(response.body)) {
      if (kind === "page") this.card.source(data);
      if (kind === "profile") this.card.profile(data);
      if (kind === "script") {
        sentences.push(data.text.trim());
        this.card.write(sentences.join(" "), { whole: false });
      }
      if (kind === "error") throw new ApiError(data.error.code, data.error.message, { requestId: data.error.request_id });
      if (kind === "end") return this.card.write(data.script, { whole: true });
    }
    throw new ApiError("stream_broken", "The answer ended before it was whole.");
  }

  #busy(abort) {
    this.abort = abort;
    $("read").querySelector("span").textContent = abort ? "Stop reading" : "Read it first";
    $("read").dataset.state = abort ? "busy" : "";
  }
}
