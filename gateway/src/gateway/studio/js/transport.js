// The film's own controls: play and pause, where it is, sound, full screen.

import { $, setIcon } from "./dom.js";

export class Transport {
  constructor(player) {
    this.player = player;
    this.video = player.video;
    this.seeking = false;
    this.#listen();
    this.#draw();
  }

  /** Whether there is a film to control. */
  enable(there) {
    $("transport").inert = !there;
    $("transport").classList.toggle("live", there);
    this.#draw();
  }

  toggle() {
    if (this.video.paused) this.video.play().catch(() => {}); // nothing to play yet
    else this.video.pause();
  }

  #listen() {
    const { video } = this;
    for (const kind of ["play", "pause", "ended", "timeupdate", "progress", "durationchange", "volumechange"]) {
      video.addEventListener(kind, () => this.#draw());
    }
    video.addEventListener("click", () => this.toggle());
    $("pause").addEventListener("click", () => this.toggle());
    $("mute").addEventListener("click", () => { video.muted = !video.muted; });
    $("fullscreen").addEventListener("click", () => this.#fullscreen());
    $("seek").addEventListener("input", () => { video.currentTime = Number($("seek").value); });
  }

  #fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if ($("frame").requestFullscreen) $("frame").requestFullscreen();
    else this.video.webkitEnterFullscreen?.(); // an iPhone knows only its own player
  }

  #draw() {
    const { video } = this, { end } = this.player, playing = !video.paused && !video.ended;
    setIcon($("pause"), playing ? "pause" : "play");
    $("pause").setAttribute("aria-label", playing ? "Pause the film" : "Play the film");
    setIcon($("mute"), video.muted ? "muted" : "sound");
    $("mute").setAttribute("aria-pressed", String(video.muted));
    const now = Math.min(video.currentTime, end);
    Object.assign($("seek"), { max: Math.max(end, 0.01) });
    $("seek").value = now;
    $("seek").style.setProperty("--played", end ? `${(100 * now) / end}%` : "0%");
    $("seek").setAttribute("aria-valuetext", `${clock(now)} of ${clock(end)}`);
    $("clock").textContent = clock(now);
    $("length").textContent = clock(end);
  }
}

const clock = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
