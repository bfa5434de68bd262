// The stage: the still picture until the first frame, the light that the picture throws on the room, and what is said
// while one waits.

import { $ } from "./dom.js";

const LIGHT_SIDE = 8; // pixels: the picture's colours, not its content
const WORDS_AFTER_MS = 700; // a film that begins at once needs no words

export class Stage {
  /** `face`: whose picture stands there. */
  show(face) {
    if ($("still").getAttribute("src") !== face.picture) $("still").src = face.picture;
    $("still").alt = face.own ? "Your photo" : `${face.name}, an avatar`;
    this.#light();
  }

  set aspect(name) {
    $("frame").dataset.aspect = name;
  }

  /** "idle", "waiting", "playing", "over". */
  set state(name) {
    $("stage").dataset.state = name;
    clearInterval(this.clock);
    $("waiting-words").textContent = "";
  }

  get state() {
    return $("stage").dataset.state;
  }

  /** A film was made here: its controls stay. */
  used() {
    $("stage").classList.add("used");
  }

  /** Say what is being waited for, and how long already. */
  wait(words) {
    this.state = "waiting";
    this.words = words;
    const since = performance.now();
    this.clock = setInterval(() => {
      const waited = performance.now() - since;
      if (waited > WORDS_AFTER_MS) $("waiting-words").textContent = `${this.words} … ${Math.floor(waited / 1000)} s`;
    }, 250);
  }

  /** What is being waited for now. */
  set waitingFor(words) {
    this.words = words;
  }

  set live(yes) {
    $("frame").classList.toggle("live", yes);
  }

  /** Whether the film is on the screen, rather than the still. */
  get live() {
    return $("frame").classList.contains("live");
  }

  async #light() {
    try {
      await $("still").decode();
    } catch {
      return; // another picture came, or none: the light stays as it is
    }
    const canvas = new OffscreenCanvas(LIGHT_SIDE, LIGHT_SIDE), context = canvas.getContext("2d");
    context.drawImage($("still"), 0, 0, LIGHT_SIDE, LIGHT_SIDE);
    const { data } = context.getImageData(0, 0, LIGHT_SIDE, 2); // the wall above the head
    const mean = [0, 1, 2].map(channel => {
      let sum = 0;
      for (let at = channel; at < data.length; at += 4) sum += data[at];
      return Math.round((4 * sum) / data.length);
    });
    document.documentElement.style.setProperty("--light", `rgb(${mean.join(" ")})`);
  }
}
