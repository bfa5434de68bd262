// The card below the composer: what a writer makes of an idea or a site, where it comes from, and what the site's
// company is. Its height does not change while it fills.

import { $, make } from "./dom.js";

const PART_CHARS = 120; // of a fact's sentence, as a tooltip

export class ScriptCard {
  /** `use(text)`: the script shall be edited. */
  constructor({ use }) {
    $("written-use").addEventListener("click", () => {
      const text = $("written-text").textContent.trim();
      this.expect(false);
      use(text);
    });
  }

  /** A writer is asked: its words will stand here. */
  expect(asked) {
    $("written").hidden = !asked;
    $("sources").replaceChildren();
    $("profile").hidden = true;
    this.write("", { whole: false });
  }

  /** The script as far as it has come. */
  write(text, { whole }) {
    const field = $("written-text");
    const atEnd = field.scrollTop + field.clientHeight >= field.scrollHeight - 4;
    field.textContent = text;
    if (whole) field.scrollTop = 0;
    else if (atEnd) field.scrollTop = field.scrollHeight;
    $("written-use").disabled = !whole || !text;
  }

  /** A page that was read. */
  source(page) {
    const element = link(page.url, page.title || page.url);
    if (element) $("sources").append($("sources").firstChild ? ", " : "From ", element);
  }

  /** What the company is. */
  profile({ name, one_liner: line, facts = [] }) {
    $("profile-name").textContent = name;
    $("profile-line").textContent = line;
    $("profile-facts").replaceChildren(...facts.map(({ fact, sentence, page }) => {
      const source = link(page, "source");
      source?.setAttribute("title", sentence.length > PART_CHARS ? `${sentence.slice(0, PART_CHARS)} …` : sentence);
      return make("li", {}, fact, " ", source ?? "");
    }));
    $("profile-more").hidden = !facts.length;
    $("profile").hidden = !(name || line);
  }
}

/** A link that opens elsewhere; null for what is no web address. */
function link(url, words) {
  return /^https?:/.test(url) ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words) : null;
}
