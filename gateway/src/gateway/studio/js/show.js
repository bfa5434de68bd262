// The show: one film after another on the stage, from the press of a button to the last frame.

import { Captions } from "./captions.js";
import { $, announce } from "./dom.js";
import { Downloads } from "./downloads.js";
import { Player } from "./player.js";
import { Take } from "./take.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";

const NARROW = "(max-width: 60rem)"; // as in base.css: the stage is above the composer
const WAITING = { text: "Getting ready", prompt: "Waiting for the writer", url: "Reading the site" };

export class Show {
  /** `stage`, `card`: where it is seen; `fail(error)`; `ended()`: a film is over, whole or not. */
  constructor({ stage, card, fail, ended }) {
    Object.assign(this, { stage, card, fail, ended, take: null, running: false });
    const video = $("video");
    this.player = new Player(video, { onFrame: () => this.#firstFrame(), onRefused: () => this.#refused(), onUnplayable: () => this.#unplayable() });
    this.captions = new Captions(video, $("caption"));
    this.transport = new Transport(this.player);
    this.timeline = new Timeline($("timeline"), $("notes"));
    this.downloads = new Downloads({ fail });
    video.addEventListener("play", () => this.#seen());
    video.addEventListener("durationchange", () => this.#measured());
  }

  /** Have a film made of an order (fields of POST /api/avatar) and see it; resolves when all of it is here. */
  async play(order, { name, voice }) {
    const take = new Take(order, { player: this.player, hear: (kind, data) => this.take === take && this.#hear(kind, data) });
    Object.assign(this, { take, name, voice, running: true });
    this.#curtain(order);
    try {
      await take.run();
      this.#over({ whole: !take.stopped });
    } catch (error) {
      this.#over({ whole: false });
      this.fail(error);
    }
  }

  stop() {
    if (!this.running) return;
    this.player.video.pause();
    this.take.stop();
  }

  /** Another face was chosen: the film gives way to it. */
  giveWay() {
    if (this.running) return;
    this.player.video.pause();
    this.stage.live = false;
  }

  /** What the stage shows before the first film; `written`: a person writes the words. */
  expect({ written }) {
    if (!this.take) this.timeline.reset({ written });
  }

  #curtain(order) {
    const { stage, timeline } = this, written = Boolean(order.text);
    stage.live = false;
    stage.aspect = order.aspect;
    stage.used();
    stage.wait(WAITING[Object.keys(WAITING).find(each => order[each])]);
    this.downloads.offer(null);
    this.transport.enable(false);
    this.captions.follow(order.captions ? null : this.take.spoken); // those that are burned in are enough
    this.card.expect(!written);
    timeline.reset({ written });
    timeline.start();
    swap("stop", "play");
    if (matchMedia(NARROW).matches) $("stage").scrollIntoView({ block: "start" });
  }

  #over({ whole }) {
    const { take, player, stage } = this, there = player.pieces.length > 0;
    this.running = false;
    if (stage.state === "waiting") stage.state = "idle";
    this.timeline.end();
    this.#measured();
    if (!take.order.text && take.spoken.text) this.card.write(take.spoken.text, { whole: true });
    else this.card.expect(false);
    this.transport.enable(there);
    if (whole) this.downloads.offer(take, player);
    swap("play", "stop");
    if (whole) announce(player.end ? `Done. ${player.end.toFixed(1)} seconds of film.` : "Done.");
    else if (take.stopped) announce("Stopped.");
    this.ended();
  }

  #hear(kind, data) {
    const { timeline } = this;
    if (kind === "stage") this.#reached(data);
    if (kind === "voice" && data.substituted) timeline.standsIn(this.voice);
    if (kind === "text") this.card.write(this.take.spoken.text, { whole: false });
    if (kind === "provider") timeline.served(data.modality, data.provider, data.reason);
    if (kind === "note") timeline.note(data.text);
    if (kind === "page") {
      this.card.source(data);
      this.stage.waitingFor = `Reading ${data.title || data.url}`;
    }
    if (kind === "resumed") {
      timeline.resumed(data.modality, data.provider, data.reason);
      announce(`${data.provider} took over.`);
    }
  }

  #reached({ stage: name, at_ms: ms }) {
    this.timeline.stage(name, ms);
    if (name === "pages_read") this.stage.waitingFor = "Waiting for the writer";
    if (name === "first_token") this.stage.waitingFor = "Writing the first sentence";
  }

  #firstFrame() {
    this.stage.live = true;
    this.stage.state = "playing";
    this.timeline.reach("video", this.take.elapsed);
    this.transport.enable(true);
    announce(`${this.name} is speaking.`);
  }

  #refused() {
    this.stage.state = "idle";
    this.transport.enable(true);
    this.timeline.note("Your browser wants one more press: the play button below the picture.");
  }

  #unplayable() {
    this.stage.state = "idle";
    this.stage.live = false;
    this.timeline.note("This browser cannot play the film. It is whole, though: download it.");
  }

  /** A film that is seen again is seen in its own shape. */
  #seen() {
    if (!this.take || (this.running && this.stage.state !== "playing")) return;
    this.stage.aspect = this.take.order.aspect;
    this.stage.live = true;
  }

  #measured() {
    if (this.take && !this.running && !this.take.stopped && this.player.end) this.timeline.film(this.player.end);
  }
}

/** One button gives way to the other, and the focus goes with it. */
function swap(shown, hidden) {
  const focused = document.activeElement === $(hidden);
  $(shown).hidden = false;
  $(hidden).hidden = true;
  if (focused) $(shown).focus();
}
