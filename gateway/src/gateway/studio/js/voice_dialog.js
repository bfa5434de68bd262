// The dialog in which a voice is found, heard and chosen.

import { $, closable, icon, make, setIcon } from "./dom.js";
import { languageName, primary } from "./voices.js";

const COMING = "The voices are on their way …";
const NOT_FOUND = "No voice like that. Try a language, or a shorter name.";

export class VoiceDialog {
  /** `choose(voice)`: this one; `hear(voice)`: let it be heard; of own ones `remove(voice)` and `agree(voice)`. */
  constructor({ choose, hear, remove, agree }) {
    Object.assign(this, { choose, hear, remove, agree, voices: [], chosen: "", nothing: COMING });
    closable($("voices"));
    $("voice-search").addEventListener("input", () => this.#draw());
    $("voice-language").addEventListener("change", () => this.#draw());
    $("voice-search").addEventListener("keydown", event => {
      if (event.key === "ArrowDown") this.#focusFirst(event);
    });
  }

  /** All voices, now or anew: language, search and focus stay as they are, unless nobody could choose until now. */
  fill(voices) {
    const first = !this.voices.length, language = $("voice-language").value;
    Object.assign(this, { voices, nothing: NOT_FOUND });
    const tags = [...new Set(voices.map(voice => primary(voice.language)))].filter(Boolean);
    const options = tags.map(tag => [languageName(tag), tag]).sort(([one], [other]) => one.localeCompare(other));
    $("voice-language").replaceChildren(
      make("option", { value: "" }, "All languages"),
      ...options.map(([name, tag]) => make("option", { value: tag }, name)),
    );
    $("voice-language").value = tags.includes(language) ? language : "";
    if (!$("voices").open) return;
    if (first && !$("voice-search").value) this.#begin();
    else this.#redraw();
  }

  /** The voices did not come: an error is shown beside, and nothing is promised. */
  lack() {
    this.nothing = "";
    if ($("voices").open) this.#redraw();
  }

  open(chosen) {
    this.chosen = chosen;
    this.nothing ||= COMING; // a list that was lost is asked for again
    $("voice-search").value = "";
    $("voices").showModal();
    $("voice-search").focus();
    this.#begin();
  }

  /** In the language of the voice that is chosen, and at it: the arrow keys go on from there. */
  #begin() {
    $("voice-language").value = primary(this.voices.find(voice => voice.voice_id === this.chosen)?.language ?? "");
    this.#draw();
    const radio = $("voice-list").querySelector(":checked");
    if (!radio) return;
    radio.closest(".voice-row").scrollIntoView({ block: "center" });
    if (document.activeElement === $("voice-search")) radio.focus({ preventScroll: true });
  }

  /** The list may come anew under somebody's fingers: the arrow keys go on from where they were. */
  #redraw() {
    const held = $("voice-list").contains(document.activeElement) ? document.activeElement.closest(".voice-row")?.dataset.voice : undefined;
    this.#draw();
    if (held === undefined) return;
    $("voice-list").querySelector(`[data-voice="${CSS.escape(held)}"] input`)?.focus({ preventScroll: true });
  }

  /** What a sample's button shows: "loading", "playing" or "". */
  sampleState(voiceId, state) {
    const button = $("voice-list").querySelector(`[data-hear="${CSS.escape(voiceId)}"]`);
    if (button) showSampleState(button, state);
  }

  #draw() {
    const found = this.#found();
    const groups = grouped(found);
    const list = [...groups].map(([language, voices]) => this.#group(language, voices));
    if (!list.length) list.push(make("p", { class: "nothing" }, this.nothing));
    $("voice-list").replaceChildren(...list);
    $("voice-count").textContent = this.voices.length ? `${found.length} voices` : this.nothing;
  }

  #found() {
    const words = $("voice-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const language = $("voice-language").value;
    return this.voices
      .filter(voice => !language || voice.cloned || primary(voice.language) === language)
      .filter(voice => words.every(word => searchable(voice).includes(word)))
      .sort((one, other) => Boolean(other.cloned) - Boolean(one.cloned) || other.available - one.available || one.spoken.localeCompare(other.spoken));
  }

  #group(language, voices) {
    return make("div", { class: "voice-group" }, make("h3", {}, language), ...voices.map(voice => this.#row(voice)));
  }

  #row(voice) {
    const radio = make("input", {
      type: "radio", name: "voice", value: voice.voice_id, checked: voice.voice_id === this.chosen, disabled: !voice.available,
    });
    radio.addEventListener("change", () => this.#choose(voice));
    radio.addEventListener("keydown", event => {
      if (event.key === "Enter") this.#done(event);
    });
    const detail = voice.available ? [voice.gender, sourceName(voice)].filter(Boolean).join(", ") : LACKS[voice.state] ?? "nobody here speaks it yet";
    const label = make("label", { class: "voice-label" }, radio,
      make("span", { class: "voice-name" }, voice.name), make("span", { class: "voice-about" }, detail));
    label.addEventListener("dblclick", event => this.#done(event));
    const hear = make("button", {
      type: "button", class: "icon-button", disabled: !voice.available, "data-hear": voice.voice_id, "data-testid": "voice-sample",
      "aria-label": `Hear ${voice.name}`,
    }, icon("play"));
    hear.addEventListener("click", () => this.hear(voice));
    const row = make("div", { class: "voice-row", "data-voice": voice.voice_id, title: [voice.why, voice.how].filter(Boolean).join(" ") }, label);
    if (voice.state?.includes("consent")) row.append(this.#agreer(voice));
    row.append(hear);
    if (voice.cloned) row.append(this.#remover(voice));
    return row;
  }

  #agreer(voice) {
    const button = make("button", { type: "button", class: "button small", "data-testid": "voice-agree", "aria-label": `Give consent for ${voice.name}` }, "Give consent");
    button.addEventListener("click", () => this.agree(voice));
    return button;
  }

  /** Deletes at the second press; the first one asks. */
  #remover(voice) {
    const button = make("button", { type: "button", class: "icon-button voice-remove", "data-testid": "voice-remove", "aria-label": `Delete ${voice.name}` }, icon("bin"), make("span", {}));
    const ask = sure => {
      button.dataset.sure = sure;
      button.querySelector("span").textContent = sure ? "Delete?" : "";
      button.setAttribute("aria-label", sure ? `Delete ${voice.name} for good?` : `Delete ${voice.name}`);
    };
    ask("");
    button.addEventListener("click", () => (button.dataset.sure ? this.remove(voice) : ask("yes")));
    button.addEventListener("blur", () => ask(""));
    return button;
  }

  #choose(voice) {
    this.chosen = voice.voice_id;
    this.choose(voice);
  }

  #done(event) {
    event.preventDefault();
    $("voices").close();
  }

  #focusFirst(event) {
    event.preventDefault();
    const radios = $("voice-list");
    (radios.querySelector(":checked") ?? radios.querySelector("input:not(:disabled)"))?.focus();
  }
}

/** Icon and label of a button that lets a voice be heard. */
export function showSampleState(button, state) {
  button.dataset.state = state;
  button.setAttribute("aria-busy", String(state === "loading"));
  setIcon(button, state === "playing" ? "stop" : "play");
  const words = button.querySelector("span");
  if (words) words.textContent = state === "playing" ? "Stop" : "Hear";
}

const searchable = voice => `${voice.name} ${voice.voice_id} ${voice.spoken} ${voice.language} ${voice.gender} ${voice.source}`.toLowerCase();

const LACKS = { awaiting_consent: "needs its speaker's consent", consent_expired: "its consent has expired", awaiting_engine: "waits for an engine that clones" };

const sourceName = voice => (voice.cloned ? "" : { edge: "", minimax: "MiniMax name" }[voice.source] ?? voice.source);

function grouped(voices) {
  const groups = new Map();
  for (const voice of voices) {
    const name = voice.cloned ? "Yours" : voice.spoken;
    groups.set(name, [...(groups.get(name) ?? []), voice]);
  }
  return groups;
}
