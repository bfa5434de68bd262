// The three ways to say what the film is about: the script itself, an idea, or a website. Each keeps what was typed.

import { ApiError } from "./api.js";
import { $ } from "./dom.js";

const TABS = ["script", "idea", "site"];
export const EXAMPLE = "Hello, and welcome. I am a picture that was taught to speak. Everything you see and hear is being made right now, on this machine.";
const CHARS_PER_S = 15; // of spoken English
const QUESTIONS = { // of about one length: nothing below them moves when another tab is chosen
  script: ["What should ", " say?"],
  idea: ["What should ", " say?"],
  site: ["What should ", " read?"],
};

export class Composer {
  /** `change()`: something was typed or another tab chosen. */
  constructor(change) {
    this.change = change;
    this.who = "Ada";
    for (const tab of TABS) {
      $(tab).addEventListener("input", () => this.#typed());
      $(`tab-${tab}`).addEventListener("click", () => this.show(tab));
      $(`tab-${tab}`).addEventListener("keydown", event => this.#onKey(event, tab));
    }
  }

  set({ tab, script, idea, site }) {
    Object.assign($("script"), { value: script });
    Object.assign($("idea"), { value: idea });
    Object.assign($("site"), { value: site });
    this.show(TABS.includes(tab) ? tab : "script");
  }

  get values() {
    return { tab: this.tab, script: $("script").value, idea: $("idea").value, site: $("site").value };
  }

  show(tab) {
    this.tab = tab;
    for (const each of TABS) {
      $(`tab-${each}`).setAttribute("aria-selected", String(each === tab));
      $(`tab-${each}`).tabIndex = each === tab ? 0 : -1;
      $(`panel-${each}`).hidden = each !== tab;
    }
    this.name(this.who);
    this.#typed();
  }

  /** Who is asked to speak. */
  name(who) {
    this.who = who;
    $("question-before").textContent = QUESTIONS[this.tab][0];
    $("question-who").textContent = who;
    $("question-after").textContent = QUESTIONS[this.tab][1];
  }

  /** Words that shall be the script. */
  take(text) {
    $("script").value = text;
    this.show("script");
    this.focus();
    $("script").setSelectionRange(0, 0);
    $("script").scrollTop = 0;
  }

  focus() {
    $(this.tab).focus();
  }

  /** As fields of POST /api/avatar. Throws an ApiError where there is nothing to make a film of. */
  fields(language) {
    const { script, idea, site } = this.values;
    if (this.tab === "script") {
      if (!script.trim()) throw new ApiError("empty_text", "");
      return { text: script };
    }
    if (this.tab === "idea") {
      if (!idea.trim()) throw new ApiError("empty_idea", "");
      return { prompt: idea.trim(), language };
    }
    return { url: address(site), language };
  }

  /** Whether there is a writer, and what to say where there is none; `known`: false until it has been asked. */
  writers({ known, free, about }) {
    hint($("idea-hint"), known && !free, "There is no writer here yet.", "It is spoken while it is written.");
    hint($("site-hint"), known && !about, "There is nobody here yet who could read it.", "A few of its pages become a short spoken introduction.");
  }

  #typed() {
    const text = $("script").value.trim();
    const words = text ? text.split(/\s+/u).length : 0;
    $("script-hint").textContent = words ? `${words} ${words === 1 ? "word" : "words"}, about ${length(text.length / CHARS_PER_S)}` : "";
    this.change();
  }

  #onKey(event, tab) {
    const at = TABS.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = TABS[(to + TABS.length) % TABS.length];
    this.show(next);
    $(`tab-${next}`).focus();
  }
}

function hint(element, missing, trouble, fine) {
  element.querySelector("span").textContent = missing ? trouble : fine;
  element.querySelector("button").hidden = !missing;
}

/** A site's address as people type it. */
function address(typed) {
  const text = typed.trim();
  if (!text) throw new ApiError("empty_site", "");
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
  if (!isWebAddress(whole)) throw new ApiError("bad_site", "");
  return whole;
}

function isWebAddress(text) {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

const length = seconds => (seconds < 60 ? `${Math.max(1, Math.round(seconds))} seconds` : `${Math.round(seconds / 6) / 10} minutes`);
