// Who moves the face, where there is a choice: the engines that are ready, and what SadTalker wants to know.

import { $, make } from "./dom.js";

const NAMES = { portrait: "Portrait", sadtalker: "SadTalker", still: "Still" };
const SADTALKER = "sadtalker";
const OFFLINE = "offline_render"; // takes minutes: the Studio does not wait for it
const SLOW = "slow"; // on its machine
const WORDS = {
  portrait: () => "Quick: it plays while it is made, on any machine. Drawn faces and photos.",
  sadtalker: ({ features }) =>
    `Learned from films of people: the whole face moves. For photos.${features.includes(SLOW) ? " On this machine a film takes much longer than it lasts." : ""}`,
};
const USUAL = { preprocess: "crop", size: 256, still: false };

export const BEGINNINGS = { name: "", ...USUAL };

export class FaceEngine {
  /** `change()`: another one was chosen, or told something else. */
  constructor(change) {
    Object.assign(this, { change, ready: [], serving: "", name: "", told: "" });
    $("engine").addEventListener("input", event => this.#changed(event.target));
  }

  /** Show these. */
  set(values) {
    const { name, preprocess, size, still } = { ...BEGINNINGS, ...values };
    this.name = name;
    $("engine-picture").value = preprocess;
    if (!$("engine-picture").value) $("engine-picture").value = USUAL.preprocess;
    for (const radio of $("engine-size").querySelectorAll("input")) radio.checked = Number(radio.value) === (size === 512 ? 512 : USUAL.size);
    $("engine-still").checked = still;
    this.#show();
  }

  get values() {
    return { name: this.name, ...this.#sadtalker };
  }

  /** The video chain as the gateway tells it; null: nothing is known. What was chosen stays chosen while it is away. */
  offer(chain) {
    this.ready = (chain?.chain ?? []).filter(rung => rung.state === "ready" && !rung.features.includes(OFFLINE));
    this.serving = chain?.serving ?? "";
    this.#show();
  }

  /** As fields of POST /api/avatar: who was chosen comes first, the others step in. */
  get fields() {
    if (!this.#choice) return {};
    const told = {}, now = this.#now, others = this.ready.filter(rung => rung !== now);
    if (this.name) told.video_provider = [now, ...others].map(rung => rung.name).join(",");
    const own = Object.entries(this.#sadtalker).filter(([name, value]) => value !== USUAL[name]);
    if (now.engine === SADTALKER && own.length) told.sadtalker = Object.fromEntries(own);
    return told;
  }

  get #choice() {
    return this.ready.length > 1;
  }

  /** The one that would be asked first: the chosen one, else the gateway's own choice. */
  get #now() {
    const named = name => this.ready.find(rung => rung.name === name);
    return named(this.name) ?? named(this.serving) ?? this.ready[0];
  }

  get #sadtalker() {
    const size = Number($("engine-size").querySelector(":checked").value);
    return { preprocess: $("engine-picture").value, size, still: $("engine-still").checked };
  }

  #changed(field) {
    if (field.name === "engine") this.name = field.value;
    this.#show();
    this.change();
  }

  #show() {
    $("engine").hidden = !this.#choice;
    if (!this.#choice) return;
    const now = this.#now, told = JSON.stringify(this.ready.map(rung => [rung.name, rung.engine]));
    if (told !== this.told) { // what has not changed is left alone: somebody may be in it with the keyboard
      this.told = told;
      const focused = $("engine-names").contains(document.activeElement);
      $("engine-names").replaceChildren(...this.ready.map(segment));
      if (focused) $("engine-names").querySelector(`[value="${CSS.escape(now.name)}"]`).focus();
    }
    for (const radio of $("engine-names").querySelectorAll("input")) radio.checked = radio.value === now.name;
    $("engine-hint").textContent = WORDS[now.engine]?.(now) ?? "";
    $("engine-sadtalker").hidden = now.engine !== SADTALKER;
  }
}

function segment({ name, engine }) {
  const input = make("input", { type: "radio", name: "engine", value: name, "data-testid": `engine-${name}` });
  return make("label", {}, input, make("span", {}, name === engine ? NAMES[engine] ?? name : name));
}
