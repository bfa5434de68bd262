// Captions on the stage: the phrase that is spoken, its present word lit. The time is the film's own, frame by frame.

import { make } from "./dom.js";
import { spaced } from "./words.js";

export class Captions {
  constructor(video, element) {
    this.video = video;
    this.element = element;
    this.shown = null;
    for (const kind of ["seeked", "pause", "ended", "timeupdate"]) video.addEventListener(kind, () => this.draw());
    this.#tick();
  }

  /** The words of a film that begins; null = none are shown. */
  follow(spoken) {
    this.spoken = spoken;
    this.#clear();
  }

  /** Show what is spoken at this time of the film, in seconds. */
  draw(seconds = this.video.currentTime) {
    const now = this.spoken?.at(seconds * 1000) ?? null;
    if (!now) return this.#clear();
    if (now.phrase !== this.shown || now.phrase.words.length !== this.count) this.#write(now.phrase);
    this.spans.forEach((span, index) => span.classList.toggle("now", index === now.index));
    this.spans.forEach((span, index) => span.classList.toggle("said", index < now.index));
  }

  #write(phrase) {
    this.shown = phrase;
    this.count = phrase.words.length;
    this.spans = phrase.words.map(word => make("span", { "data-start": word.start }, this.spoken.written(word)));
    const parts = this.spans.flatMap((span, index) => {
      const [before, word] = [phrase.words[index - 1], phrase.words[index]];
      return before && spaced(this.spoken, before, word) ? [" ", span] : [span];
    });
    this.element.replaceChildren(make("span", { class: "line" }, ...parts));
  }

  #clear() {
    if (this.shown === null && !this.element.firstChild) return;
    this.shown = null;
    this.element.replaceChildren();
  }

  /** Frames call back where the browser can do that, so that a word lights up with the mouth that says it. */
  #tick() {
    if (this.video.requestVideoFrameCallback) {
      const onFrame = (_, frame) => {
        this.draw(frame.mediaTime);
        this.video.requestVideoFrameCallback(onFrame);
      };
      this.video.requestVideoFrameCallback(onFrame);
    } else {
      const onPaint = () => {
        if (!this.video.paused) this.draw();
        requestAnimationFrame(onPaint);
      };
      requestAnimationFrame(onPaint);
    }
  }
}
