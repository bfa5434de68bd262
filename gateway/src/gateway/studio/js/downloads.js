// What can be taken home: the film as it came, its sound, its captions.

import { post } from "./api.js";
import { $, make } from "./dom.js";
import { vtt } from "./vtt.js";

const LATER_MS = 10_000;

export class Downloads {
  constructor({ fail }) {
    this.fail = fail;
    $("save-mp4").addEventListener("click", () => save(this.player.blob(), name(this.take, extension(this.player.type))));
    $("save-vtt").addEventListener("click", () => save(new Blob([vtt(this.take.spoken)], { type: "text/vtt" }), name(this.take, "vtt")));
    $("save-mp3").addEventListener("click", () => this.#sound());
  }

  /** A film that is whole; null = there is none. */
  offer(take, player) {
    Object.assign(this, { take, player });
    $("keep").inert = !take;
    if (!take) return;
    $("save-film-kind").textContent = extension(player.type).toUpperCase();
    $("save-mp3").hidden = !take.spoken.text.trim();
    $("save-vtt").hidden = !take.spoken.words.length;
  }

  /** The same words by the same voice, as a sound file. */
  async #sound() {
    const { take } = this, button = $("save-mp3");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      const { voice_id, language, speed, local_only } = take.order;
      const response = await post("/api/voice", { text: take.spoken.text, voice_id, language, speed, local_only, format: "mp3" });
      save(await response.blob(), name(take, "mp3"));
    } catch (error) {
      this.fail(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

const extension = type => (type.includes("webm") ? "webm" : "mp4");

/** A file name of the first words. */
function name(take, ending) {
  const words = take.spoken.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return `${words.slice(0, 5).join("-").slice(0, 60) || "troupe"}.${ending}`;
}

function save(blob, filename) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: filename }).click();
  setTimeout(() => URL.revokeObjectURL(address), LATER_MS);
}
