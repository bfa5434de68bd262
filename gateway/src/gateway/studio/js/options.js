// How the film should look and how fast it is spoken.

import { $, make } from "./dom.js";

const EXPRESSIONS = ["neutral", "calm", "friendly", "warm", "happy", "joyful", "serious", "sad", "surprised", "fearful", "angry", "disgusted"];
const ASPECTS = { square: "square", portrait: "tall", landscape: "wide" };

export const BEGINNINGS = { aspect: "square", background: "", colour: "#f4f1ea", expression: "neutral", speed: 1, captions: false, local: false };

export class Options {
  /** `change(values)`: what is chosen now. */
  constructor(change) {
    this.change = change;
    $("expression").replaceChildren(...EXPRESSIONS.map(name => make("option", { value: name }, name[0].toUpperCase() + name.slice(1))));
    $("options").addEventListener("input", () => this.#changed());
  }

  /** Show these. */
  set(values) {
    const { aspect, background, colour, expression, speed, captions, local } = { ...BEGINNINGS, ...values };
    for (const [group, value] of [["aspect", aspect], ["background", background]]) {
      for (const radio of $(group).querySelectorAll("input")) radio.checked = radio.value === value;
    }
    Object.assign($("colour"), { value: colour });
    Object.assign($("expression"), { value: expression });
    Object.assign($("speed"), { value: speed });
    $("captions").checked = captions;
    $("local").checked = local;
    this.#changed();
  }

  get values() {
    return {
      aspect: picked("aspect"), background: picked("background"), colour: $("colour").value, expression: $("expression").value,
      speed: Number($("speed").value), captions: $("captions").checked, local: $("local").checked,
    };
  }

  /** As fields of POST /api/avatar. */
  get fields() {
    const { aspect, background, colour, expression, speed, captions, local } = this.values;
    const worn = expression === BEGINNINGS.expression ? "" : expression; // every face has that one: nothing to ask for
    return { aspect, background: background === "colour" ? colour : background, expression: worn, speed, captions, local_only: local };
  }

  #changed() {
    const { aspect, background, expression, speed, captions } = this.values;
    $("colour-field").hidden = background !== "colour";
    $("speed-value").textContent = `${speed}×`;
    const said = [ASPECTS[aspect]];
    if (background) said.push({ blur: "blurred background", green: "green background", colour: "plain background" }[background]);
    if (expression !== "neutral") said.push(expression);
    if (speed !== 1) said.push(`${speed}×`);
    if (captions) said.push("captions");
    $("options-summary").textContent = said.join(", ").replace(/^./, first => first.toUpperCase());
    this.change(this.values);
  }
}

const picked = group => $(group).querySelector(":checked").value;
