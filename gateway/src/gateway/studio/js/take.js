// One take: a film asked for, watched while it is made, and everything that is told about it on the way.

import { ApiError, ask, post } from "./api.js";
import { follow } from "./events.js";
import { Spoken } from "./words.js";

const WHY_MS = 1500; // how long the scene may take to tell why a film broke
const GRACE_MS = 150; // until a scene that was asked for is there

export class Take {
  /** `order`: fields of POST /api/avatar; `photo`: a file that goes along. `hear(kind, data)`: what happens. */
  constructor(order, { player, hear }) {
    this.order = order;
    this.player = player;
    this.hear = hear;
    this.spoken = new Spoken(order.text ?? "");
    this.abort = new AbortController();
    this.sceneId = newSceneId();
    this.early = !order.text; // what comes before the first byte takes long: it is followed from the start
    this.stopped = false;
    this.error = null;
  }

  /** Milliseconds since the film was asked for. */
  get elapsed() {
    return performance.now() - this.asked;
  }

  /** Have it made; resolves when all of it is here. Throws an ApiError unless it was stopped. */
  async run() {
    this.asked = performance.now();
    this.player.open();
    if (this.early) setTimeout(() => this.#follow(this.sceneId), GRACE_MS);
    try {
      const headers = { "Content-Type": "application/json", "X-Troupe-Scene": this.sceneId };
      const response = await post("/api/avatar", this.order, { headers, signal: this.abort.signal });
      this.#introduce(response.headers);
      await this.player.begin(response.headers.get("Content-Type"));
      await this.#watch(response.body.getReader());
      this.player.finish();
      await this.#heard();
    } catch (error) {
      this.player.finish();
      if (this.stopped) return;
      throw await this.#why(error);
    } finally {
      setTimeout(() => this.abort.abort(), WHY_MS);
    }
  }

  /** Have no more of it made. What was made can still be seen. */
  async stop() {
    this.stopped = true;
    this.abort.abort();
    await ask(`/api/scenes/${encodeURIComponent(this.sceneId)}`, { method: "DELETE", quiet: true }).catch(() => {}); // it may be over
  }

  #told = Promise.resolve();

  #introduce(headers) {
    this.sceneId = headers.get("X-Troupe-Scene") ?? this.sceneId;
    this.#follow(this.sceneId);
  }

  #follow(sceneId) {
    if (this.followed === sceneId || this.abort.signal.aborted) return;
    this.followed = sceneId;
    this.#told = follow(sceneId, (kind, data) => this.#take(kind, data), this.abort.signal);
  }

  #take(kind, data) {
    if (kind === "words") this.spoken.say(data.words);
    if (kind === "text") this.spoken.write(data.text, data.start);
    if (kind === "error") this.error ??= new ApiError(data.code, data.message, { details: data.details });
    this.hear(kind, data);
  }

  async #watch(reader) {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await this.player.append(value);
    }
  }

  /** All that the scene tells, unless that takes long. */
  #heard() {
    return Promise.race([this.#told, new Promise(resolve => setTimeout(resolve, WHY_MS))]);
  }

  /** The scene knows better than the connection why a film broke. */
  async #why(error) {
    if (error instanceof ApiError) return error;
    await this.#heard();
    return this.error ?? new ApiError("stream_broken", "The film ended before it was whole.");
  }
}

/** An id of our own, so that a scene can be followed before its film begins. */
function newSceneId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `scn_${Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("")}`;
}
