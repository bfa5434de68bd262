// Who is ready: the chains of the gateway with the state of every provider, and the command that mends one.

import { askJson } from "./api.js";
import { $, announce, closable, icon, make } from "./dom.js";
import { askForKey } from "./key.js";

const OPEN_MS = 3000, CLOSED_MS = 15_000;
const PARTS = [["text", "Words"], ["tts", "Voice"], ["video", "Face"]];
const STATES = {
  ready: "Ready", loading: "Getting ready", broken: "Broken", missing: "Missing", not_installed: "Not installed",
  unreachable: "Does not answer", unknown: "Not known yet",
};

export class Rungs {
  /** `change(chains)`: they were asked again; null = they cannot be asked. `unlocked()`: a key was given. */
  constructor({ change, unlocked }) {
    Object.assign(this, { change, unlocked, locked: false });
    this.told = "";
    closable($("rungs"));
    $("rungs-open").addEventListener("click", () => this.open());
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  /** Show them all; who has no key yet is asked for it first. */
  async open() {
    if (this.locked) {
      if (await askForKey()) this.unlocked();
      return;
    }
    $("rungs").showModal();
    this.refresh();
  }

  /** Ask now, and again later; quietly: a missing key or a gateway that is away changes only the dot. */
  async refresh() {
    clearTimeout(this.timer);
    if (document.visibilityState === "hidden") return;
    try {
      this.#show(await askJson("/providers", { quiet: true }));
    } catch (error) {
      this.#away(error);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), $("rungs").open ? OPEN_MS : CLOSED_MS);
  }

  #show(chains) {
    this.locked = false;
    const able = PARTS.slice(1).every(([part]) => chains[part].serving);
    const loading = PARTS.some(([part]) => !chains[part].serving && chains[part].chain.some(rung => rung.state === "loading"));
    const stepping = PARTS.some(([part]) => chains[part].serving && chains[part].serving !== firstUsable(chains[part]));
    this.#sum(able ? (stepping ? "stand-in" : "ready") : loading ? "loading" : "broken");
    const told = JSON.stringify(PARTS.map(([part]) => chains[part].chain.map(({ name, state, reason, remedy }) => [name, state, reason, remedy])));
    if (told !== this.told) { // what has not changed is left alone: somebody may be reading or copying it
      this.told = told;
      $("rung-list").replaceChildren(...PARTS.map(([part, name]) => this.#part(name, chains[part])));
    }
    this.change(chains);
  }

  #away(error) {
    this.locked = error.status === 401;
    this.#sum(this.locked ? "locked" : "away");
    if (this.told === "") $("rung-list").replaceChildren(make("p", { class: "nothing" }, this.locked ? "A key is needed to see this." : "The gateway does not answer."));
    this.change(null);
  }

  #sum(state) {
    const words = {
      ready: "Ready", "stand-in": "Ready, with a stand-in", loading: "Getting ready", broken: "Someone is missing", locked: "Key needed", away: "No answer",
    };
    $("rungs-dot").dataset.state = state;
    $("rungs-summary").textContent = words[state];
  }

  #part(name, chain) {
    const there = chain.chain.filter(rung => rung.state !== "not_installed" || rung.remedy);
    const absent = chain.chain.filter(rung => !there.includes(rung));
    const list = there.map(rung => this.#rung(rung, rung.name === chain.serving));
    if (!list.length) list.push(make("p", { class: "rung-none" }, "Nobody is ready for this."));
    return make("section", { class: "rung-part" }, make("h3", {}, name), ...list, absent.length ? this.#absent(absent) : "");
  }

  /** Those that no service here runs: named, and no more. */
  #absent(rungs) {
    const names = rungs.flatMap((rung, index) => [
      index ? ", " : "", make("span", { "data-testid": `rung-${rung.name}`, "data-state": rung.state, title: rung.reason }, rung.name),
    ]);
    return make("p", { class: "rung-absent" }, "Not installed here: ", ...names);
  }

  #rung(rung, serving) {
    const about = [rung.model, rung.device === "cpu" ? "" : rung.device, rung.cloud ? "in the cloud" : "", rung.licence && !rung.licence.commercial_use ? "non-commercial" : ""];
    return make("article", { class: "rung", "data-testid": `rung-${rung.name}`, "data-state": rung.state },
      make("span", { class: "dot", "data-state": rung.state, "aria-hidden": "true" }),
      make("div", { class: "rung-body" },
        make("p", { class: "rung-head" }, make("strong", {}, rung.name),
          make("span", { class: "rung-state" }, serving ? "In use" : STATES[rung.state] ?? rung.state)),
        line("rung-about", about.filter(Boolean).join(", ")), line("rung-why", rung.reason), rung.remedy ? remedy(rung.remedy) : null));
  }
}

const line = (kind, words) => (words ? make("p", { class: kind }, words) : null);

/** The first of a chain that could ever serve here: what is not installed has no stand-in, nor what is put off as slow. */
const firstUsable = chain => chain.chain.find(rung => !["missing", "not_installed"].includes(rung.state) && (rung.name === chain.serving || !rung.features.includes("slow")))?.name;

function remedy(command) {
  const button = make("button", { type: "button", class: "icon-button", "aria-label": `Copy: ${command}`, title: "Copy" }, icon("copy"));
  button.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(command).then(() => {
      button.dataset.state = "copied";
      announce("Copied");
      setTimeout(() => delete button.dataset.state, 1500);
    }, () => announce("The browser does not allow copying. Select the command instead."));
  });
  return make("div", { class: "remedy" }, make("code", {}, command), button);
}
