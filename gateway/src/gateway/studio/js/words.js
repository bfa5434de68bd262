// Words with times -> phrases to read: pure, so that what is shown and what is saved as WebVTT are the same.

const PHRASE_CHARS = 42; // a caption's line
const PAUSE_MS = 700; // a silence this long ends a phrase
const LINGER_MS = 600; // how long a phrase stays after its last word

/** The text, and the words that were spoken of it so far. Places are code points, as the gateway counts them. */
export class Spoken {
  constructor(text = "") {
    this.letters = Array.from(text);
    this.words = [];
    this.phrases = [];
  }

  get text() {
    return this.letters.join("");
  }

  /** A piece of a script that is being written. */
  write(text, start) {
    const letters = Array.from(text);
    this.letters.splice(start ?? this.letters.length, letters.length, ...letters);
  }

  /** Words as the scene tells them. */
  say(words) {
    for (const { word, text_start: from, text_end: to, start_ms: start, end_ms: end } of words) {
      const last = this.words.at(-1);
      const seen = { word, from, to, start, end: Math.max(end, start) };
      if (last && start < last.start) continue; // told again after a break
      this.words.push(seen);
      this.#place(seen);
    }
  }

  /** What stands in the text for a word: with its punctuation, as it was written. */
  written({ word, from, to }) {
    if (to <= from || to > this.letters.length) return word;
    while (to < this.letters.length && isMark(this.letters[to])) to += 1;
    while (from > 0 && isOpening(this.letters[from - 1])) from -= 1;
    return this.letters.slice(from, to).join("");
  }

  /** The phrase at a time, and the index of the word that is spoken or was spoken last; null in silence. */
  at(ms) {
    const phrase = this.phrases.findLast(each => each.start <= ms);
    if (!phrase) return null;
    const next = this.phrases[this.phrases.indexOf(phrase) + 1];
    if (ms > phrase.end + LINGER_MS && (!next || ms < next.start)) return null;
    return { phrase, index: phrase.words.findLastIndex(word => word.start <= ms) };
  }

  #place(word) {
    const phrase = this.phrases.at(-1);
    if (!phrase || this.#breaks(phrase, word)) {
      this.phrases.push({ words: [word], start: word.start, end: word.end });
    } else {
      phrase.words.push(word);
      phrase.end = word.end;
    }
  }

  #breaks(phrase, word) {
    const last = phrase.words.at(-1);
    const length = word.to - phrase.words[0].from;
    const between = this.letters.slice(last.to, word.from).join("");
    return length > PHRASE_CHARS || word.start - last.end > PAUSE_MS || /[.!?。！？…]/u.test(between);
  }
}

/** Whether a space stands between two words of a text. */
export function spaced(spoken, one, next) {
  return /\s/u.test(spoken.letters.slice(one.to, next.from).join("")) || one.to <= one.from;
}

const isMark = letter => /[\p{Pe}\p{Pf}\p{Po}\p{Sc}%]/u.test(letter) && !isOpening(letter);
const isOpening = letter => /[\p{Ps}\p{Pi}"'¿¡]/u.test(letter);
