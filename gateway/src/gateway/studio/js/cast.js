// Who speaks and with which voice. A face brings a voice that suits it, until a person chooses one.

import { $, announce } from "./dom.js";
import { ask } from "./api.js";
import { hideError, showError } from "./errors.js";
import { Faces } from "./faces.js";
import { OwnVoice } from "./own_voice.js";
import { VoiceDialog, showSampleState } from "./voice_dialog.js";
import { Samples, languageName, loadVoices } from "./voices.js";

const ARIA = { voice_id: "en-US-AriaNeural", name: "Aria", language: "en-US", spoken: languageName("en-US"), gender: "female", available: true };
export const BEGINNINGS = { face: "ada", voice: ARIA, picked: false };

export class Cast {
  /** `change()`: somebody else was chosen; `fail(error)`; `failPhoto(error)`: a photo that cannot be used; `busy(yes)`. */
  constructor({ change, fail, failPhoto, busy, act }) {
    Object.assign(this, { change, act, voices: [], lacking: false, voice: ARIA, picked: false });
    this.samples = new Samples((id, state) => this.#sampled(id, state), fail);
    this.faces = new Faces({ choose: face => this.#faceChosen(face), fail: failPhoto, busy });
    this.own = new OwnVoice({ made: voiceId => this.#voiceMade(voiceId), act });
    this.dialog = new VoiceDialog({
      choose: voice => this.#voicePicked(voice), hear: voice => this.samples.toggle(voice),
      remove: voice => this.#remove(voice), agree: voice => this.own.open(voice),
    });
    $("own-open").addEventListener("click", () => {
      this.samples.stop();
      this.own.open();
    });
    $("voice-open").addEventListener("click", () => this.openVoices());
    $("voice-hear").addEventListener("click", () => this.samples.toggle(this.voice));
    $("voices").addEventListener("close", () => this.samples.stop());
  }

  /** The faces come with the page. */
  async load({ face, voice, picked }) {
    Object.assign(this, { voice, picked });
    this.#showVoice();
    await this.faces.load(face);
  }

  /** The voices, and which photos are still kept: who may ask the API gets them. */
  async enter() {
    await this.#loadVoices();
    await this.faces.check();
  }

  get values() {
    return { face: this.faces.chosen, voice: { ...this.voice }, picked: this.picked };
  }

  get face() {
    return this.faces.face;
  }

  /** As a sentence names whoever speaks. */
  get name() {
    return this.face.own ? "your photo" : this.face.name;
  }

  /** Voices that never came are asked for once more. */
  openVoices() {
    hideError($("voice-problem"));
    this.dialog.open(this.voice.voice_id);
    if (this.lacking) this.#loadVoices().catch(() => {}); // it is told where it happens
  }

  hush() {
    this.samples.stop();
  }

  /** The list as it is now; a voice of one's own that is gone is not chosen any more. */
  async #loadVoices() {
    this.lacking = false;
    try {
      this.voices = await loadVoices();
    } catch (error) {
      this.#lack(error);
      throw error;
    }
    this.dialog.fill(this.voices);
    const same = this.voices.find(each => each.voice_id === this.voice.voice_id);
    this.#setVoice(same ?? (this.voice.cloned ? ARIA : this.voice));
  }

  /** Without a list there is nothing to choose: whoever has the dialog open is told there. */
  #lack(error) {
    this.lacking = !this.voices.length;
    if (!this.lacking) return;
    this.dialog.lack();
    if ($("voices").open) showError($("voice-problem"), error, action => (action === "again" ? this.openVoices() : this.act(action)));
  }

  /** A voice of one's own is there: it speaks from now on, where it can. */
  async #voiceMade(voiceId) {
    await this.#loadVoices();
    const voice = this.voices.find(each => each.voice_id === voiceId);
    if (voice?.available) this.#voicePicked(voice);
    this.dialog.chosen = this.voice.voice_id;
    this.dialog.fill(this.voices);
  }

  async #remove(voice) {
    this.samples.stop();
    hideError($("voice-problem"));
    try {
      await ask(`/api/voices/${encodeURIComponent(voice.voice_id)}`, { method: "DELETE" });
      announce(`${voice.name} is deleted.`);
      await this.#loadVoices();
    } catch (error) {
      showError($("voice-problem"), error, this.act);
    }
    $("own-open").focus();
  }

  #faceChosen(face) {
    if (!this.picked && face.gender && face.gender !== this.voice.gender) this.voice = this.#suiting(face);
    this.#showVoice();
    this.change();
  }

  #suiting({ gender }) {
    const { language } = this.voice;
    return this.voices.find(each => each.available && each.language === language && each.gender === gender) ?? this.voice;
  }

  #voicePicked(voice) {
    this.picked = true;
    this.#setVoice(voice);
  }

  #setVoice(voice) {
    this.voice = voice;
    this.#showVoice();
    this.change();
  }

  #showVoice() {
    $("voice-name").textContent = this.voice.name;
    $("voice-detail").textContent = this.voice.spoken;
  }

  #sampled(voiceId, state) {
    this.dialog.sampleState(voiceId, state);
    if (voiceId === this.voice.voice_id) showSampleState($("voice-hear"), state);
  }
}
