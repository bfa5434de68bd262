// A voice of one's own: recorded or brought as a file, with the consent of whoever speaks; and consent given later.

import { ApiError, ask, post } from "./api.js";
import { $, announce, closable, setIcon } from "./dom.js";
import { hideError, showError } from "./errors.js";
import { LEAST_S, Recorder, canRecord } from "./recorder.js";

const NAMELESS = "…";
const INSECURE = "Recording needs https, or this page on the same machine (localhost). A file can be chosen anyway.";
const SOUND_CODES = { unsupported_media: "unsupported_sound", media_too_large: "sound_too_large", body_too_large: "sound_too_large" };

/** What the speaker agrees to, word for word as it is kept with the voice. */
export function statement(speaker) {
  return `I, ${speaker || NAMELESS}, agree that a voice is made of a recording of mine and kept on this gateway, and that ` +
    "whoever has its key may let it speak what they write. I can take this back: whoever has the key can delete the voice, " +
    "and the recording with it.";
}

export const clockOf = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export class OwnVoice {
  /** `made(voiceId)`: it is there, or agreed to; `act(action)`: what the button of an error does. */
  constructor({ made, act }) {
    Object.assign(this, { made, act, sample: null, waiting: null, busy: false });
    this.recorder = new Recorder({ tick: (seconds, level) => this.#tick(seconds, level), done: (blob, seconds) => this.#recorded(blob, seconds) });
    closable($("own"));
    $("own").addEventListener("close", () => this.#leave());
    $("own-record").addEventListener("click", () => this.#record());
    $("own-pick").addEventListener("click", () => $("own-file").click());
    $("own-file").addEventListener("change", () => this.#picked());
    $("own-speaker").addEventListener("input", () => this.#state());
    $("own-form").addEventListener("change", () => hideError($("own-problem")));
    $("own-heard").addEventListener("error", () => { $("own-heard").hidden = true; }); // the gateway may yet be able to read it
    $("own-form").addEventListener("submit", event => {
      event.preventDefault();
      this.#send();
    });
  }

  /** For a new voice; or for the consent to one that waits for it. */
  open(waiting = null) {
    this.waiting = waiting;
    $("own-form").reset();
    $("own-form").hidden = false;
    $("own-done").hidden = true;
    $("own-sample").hidden = $("own-naming").hidden = Boolean(waiting);
    $("own-title").textContent = waiting ? `Consent for ${waiting.name}` : "Your own voice";
    $("own-save").querySelector("span").textContent = waiting ? "Give consent" : "Make the voice";
    $("own-record").disabled = !canRecord();
    this.#hint(canRecord() ? "" : INSECURE);
    this.#take(null, 0);
    this.#state();
    hideError($("own-problem"));
    $("own").showModal();
  }

  async #record() {
    hideError($("own-problem"));
    if (this.recorder.running) return this.recorder.stop();
    this.#take(null, 0);
    try {
      await this.recorder.start();
    } catch (error) {
      return this.#fail(error);
    }
    if (!$("own").open) return this.recorder.stop(); // it was closed while the browser asked
    this.#recording(true);
    this.#hint("");
    announce("Recording.");
  }

  #tick(seconds, level) {
    $("own-clock").textContent = clockOf(seconds);
    $("own-level").style.transform = `scaleX(${level})`;
  }

  #recorded(blob, seconds) {
    this.#recording(false);
    if (!$("own").open) return;
    this.#take(blob, seconds);
    if (seconds < LEAST_S) this.#fail(new ApiError("wrong_duration", ""));
    else this.#hint("Listen to it, or record it again.");
  }

  #recording(now) {
    $("own-record").setAttribute("aria-pressed", String(now));
    $("own-record").querySelector("span").textContent = now ? "Stop" : "Record";
    setIcon($("own-record"), now ? "stop" : "mic");
    $("own-pick").disabled = now;
    if (!now) $("own-level").style.transform = "scaleX(0)";
  }

  #picked() {
    const [file] = $("own-file").files;
    if (!file) return;
    hideError($("own-problem"));
    this.#take(file, 0);
    this.#hint(file.name);
  }

  /** Keep a sample, or none, and let it be heard. */
  #take(blob, seconds) {
    const heard = $("own-heard");
    if (heard.src) URL.revokeObjectURL(heard.src);
    heard.removeAttribute("src");
    this.sample = blob;
    heard.hidden = !blob;
    if (blob) heard.src = URL.createObjectURL(blob);
    $("own-clock").textContent = clockOf(seconds);
  }

  #state() {
    $("own-statement").textContent = statement($("own-speaker").value.trim());
  }

  async #send() {
    if (this.busy) return;
    hideError($("own-problem"));
    const lacking = this.#lacking();
    if (lacking) return this.#fail(new ApiError(lacking, ""));
    this.#working(true);
    try {
      await this.#tell(this.waiting ? await this.#agree() : await this.#clone());
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#working(false);
    }
  }

  #lacking() {
    if (!this.waiting && (this.recorder.running || !this.sample)) return "no_recording";
    if (!$("own-speaker").value.trim()) return "no_speaker";
    return $("own-agreed").checked ? "" : "not_agreed";
  }

  async #clone() {
    const form = new FormData(), speaker = $("own-speaker").value.trim();
    form.set("audio", this.sample, this.sample.name ?? "recording");
    form.set("name", $("own-name").value.trim() || "My voice");
    form.set("normalize", "true");
    form.set("denoise", String($("own-denoise").checked));
    form.set("consent_speaker", speaker);
    form.set("consent_statement", statement(speaker));
    return (await ask("/api/clone", { method: "POST", body: form })).json();
  }

  async #agree() {
    const speaker = $("own-speaker").value.trim();
    const path = `/api/voices/${encodeURIComponent(this.waiting.voice_id)}/consent`;
    return (await post(path, { speaker, statement: statement(speaker) })).json();
  }

  /** How it went: a voice that speaks is chosen at once; one that cannot yet says what it waits for. */
  async #tell(voice) {
    await this.made(voice.voice_id).catch(() => {}); // it is kept; the list is read anew with the page
    $("own-form").hidden = true;
    $("own-done").hidden = false;
    $("own-verdict").textContent = voice.usable ? `${voice.name} is ready, and chosen.` : `${voice.name} is kept. It cannot speak yet.`;
    $("own-why").textContent = [voice.why, voice.how].filter(Boolean).join(" ");
    $("own-done").dataset.state = voice.state;
    announce($("own-verdict").textContent);
    $("own-fine").focus();
  }

  #working(now) {
    this.busy = now;
    $("own-save").setAttribute("aria-busy", String(now));
    $("own-save").disabled = $("own-record").disabled = now;
    if (!now) $("own-record").disabled = !canRecord();
    if (now) this.#hint(this.waiting ? "" : "It is being listened to …");
  }

  #hint(words) {
    $("own-hint").textContent = words;
  }

  #fail(error) {
    const code = SOUND_CODES[error.code] ?? error.code;
    const told = code === error.code ? error : new ApiError(code, error.message, error);
    this.#hint("");
    showError($("own-problem"), told, this.act);
  }

  #leave() {
    this.recorder.stop();
    this.#take(null, 0);
  }
}
