// How a film came about: one step for each part, with when it began and who did it; and notes on what went differently.

import { make } from "./dom.js";

const STEPS = [
  { id: "text", label: "Words", stage: "first_token" },
  { id: "tts", label: "Voice", stage: "first_audio" },
  { id: "video", label: "Face", stage: "" }, // its first frame on the screen: the page sees that itself
  { id: "done", label: "Done", stage: "done" },
];
const PARTS = { text: "the words", tts: "the voice", video: "the face" };

export class Timeline {
  constructor(list, notes) {
    this.list = list;
    this.notes = notes;
    this.reset({ written: true });
  }

  /** A new film; `written`: a person wrote the words. */
  reset({ written }) {
    this.steps = new Map();
    this.list.replaceChildren(...STEPS.map(step => this.#step(step)));
    this.notes.replaceChildren();
    if (written) this.#mark("text", { time: "yours", state: "given" });
  }

  /** A film was asked for: the next step is under way. */
  start() {
    this.#busy();
  }

  /** A stage of the scene; those that no step shows are passed over. */
  stage(name, ms) {
    const step = STEPS.find(each => each.stage === name);
    if (step) this.reach(step.id, ms);
  }

  reach(id, ms) {
    this.#mark(id, { time: seconds(ms), state: "reached" });
    this.#busy();
  }

  /** Who serves a part; `reason`: why those before it did not. */
  served(modality, provider, reason) {
    this.#name(modality, provider, Boolean(reason));
    if (reason) this.note(`${provider} stepped in for ${PARTS[modality] ?? modality}.`, reason, "fallback");
  }

  /** Another voice speaks in place of the one that was chosen. */
  standsIn(name) {
    const { who } = this.steps.get("tts");
    if (!who.textContent.includes(name)) who.textContent += `, for ${name}`;
  }

  /** How long the film is, in seconds. */
  film(length) {
    this.steps.get("done").who.textContent = `${length.toFixed(1)} s of film`;
  }

  /** An answer broke and goes on elsewhere. */
  resumed(modality, provider, reason) {
    this.#name(modality, provider, true);
    this.note(`${provider} took over ${PARTS[modality] ?? modality} in the middle of the film.`, reason, "fallback");
  }

  /** Something to know; `detail` says more. */
  note(words, detail = "", kind = "note") {
    const known = [...this.notes.children].find(each => each.textContent.includes(detail || words));
    if (known && (kind === "note" || known.dataset.kind === kind)) return;
    known?.remove(); // it said less
    const parts = [make("span", {}, words), detail ? make("small", {}, detail) : null];
    this.notes.append(make("li", { "data-kind": kind, "data-testid": kind }, ...parts));
  }

  /** It ended before it was done. */
  end() {
    for (const { item } of this.steps.values()) item.classList.remove("busy");
  }

  #step({ id, label }) {
    const time = make("span", { class: "step-time" }), who = make("span", { class: "step-who" });
    const item = make(
      "li",
      { class: "step", "data-step": id, "data-testid": `stage-${id}`, "data-state": "waiting" },
      make("span", { class: "step-dot", "aria-hidden": "true" }), make("span", { class: "step-label" }, label), time, who,
    );
    this.steps.set(id, { item, time, who });
    return item;
  }

  #mark(id, { time, state }) {
    const step = this.steps.get(id);
    if (!step || step.item.dataset.state === "reached") return;
    step.item.dataset.state = state;
    step.time.textContent = time;
  }

  #name(modality, provider, changed) {
    const step = this.steps.get(modality);
    if (!step) return;
    step.who.textContent = provider;
    step.item.classList.toggle("changed", changed);
  }

  #busy() {
    const open = [...this.steps.values()].filter(({ item }) => item.dataset.state === "waiting");
    for (const { item } of this.steps.values()) item.classList.toggle("busy", item === open[0]?.item);
  }
}

/** A time as people say it. */
export function seconds(ms) {
  return ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`;
}
