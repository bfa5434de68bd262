// The Studio's modules that need no page: words and their phrases, WebVTT, events. Run by test_pure.py.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

globalThis.sessionStorage = globalThis.localStorage = { getItem: () => null };
globalThis.document = { getElementById: () => null };
const load = name => import(pathToFileURL(`${process.env.STUDIO}/js/${name}`));
const { Spoken, spaced } = await load("words.js");
const { vtt } = await load("vtt.js");
const { eventsOf, parsed } = await load("events.js");
const { explained } = await load("errors.js");

/** Words of a text, each 300 ms long. */
function told(text, words) {
  let from = 0;
  return words.map((word, index) => {
    const letters = Array.from(text), wanted = Array.from(word);
    const at = letters.findIndex((_, start) => start >= from && wanted.every((letter, i) => letters[start + i] === letter));
    from = at + wanted.length;
    return { word, text_start: at, text_end: from, start_ms: index * 300, end_ms: index * 300 + 280 };
  });
}

function spoken(text, words) {
  const made = new Spoken(text);
  made.say(told(text, words));
  return made;
}

test("a word is shown as it was written, with its marks", () => {
  const made = spoken('"Hello," she said (at last): it cost 5€!', ["Hello", "she", "said", "at", "last", "it", "cost", "5"]);
  assert.deepEqual(made.words.map(word => made.written(word)), ['"Hello,', "she", "said", "(at", "last):", "it", "cost", "5€!"]);
});

test("places are code points, not halves of them", () => {
  const made = spoken("🎭🎭 Hello 🎭 world.", ["Hello", "world"]);
  assert.deepEqual(made.words.map(word => made.written(word)), ["Hello", "world."]);
});

test("a sentence ends a phrase, and so does a long one", () => {
  const made = spoken("One two. Three four.", ["One", "two", "Three", "four"]);
  assert.deepEqual(made.phrases.map(phrase => phrase.words.length), [2, 2]);
  const long = Array.from({ length: 12 }, (_, index) => `seventeen${index}`);
  assert.ok(spoken(long.join(" "), long).phrases.every(phrase => phrase.words.length <= 4));
});

test("the present word is the last one that has begun; a phrase goes after a moment", () => {
  const made = spoken("One two. Three.", ["One", "two", "Three"]);
  assert.equal(made.at(-1), null);
  assert.equal(made.at(0).index, 0);
  assert.equal(made.at(299).index, 0);
  assert.equal(made.at(300).index, 1);
  assert.equal(made.at(600).phrase, made.phrases[1]);
  assert.equal(made.at(5000), null);
});

test("Chinese stands without spaces", () => {
  const made = spoken("你好，世界。", ["你好", "世界"]);
  assert.equal(spaced(made, made.words[0], made.words[1]), false);
  assert.match(vtt(made), /你好，世界。/);
});

test("a script that is being written grows, and its words find their places", () => {
  const made = new Spoken();
  made.write("Hello there. ", 0);
  made.write("Good day.", 13);
  assert.equal(made.text, "Hello there. Good day.");
  made.say([{ word: "Good", text_start: 13, text_end: 17, start_ms: 0, end_ms: 100 }]);
  assert.equal(made.written(made.words[0]), "Good");
});

test("words that are told again after a break are not shown twice", () => {
  const made = spoken("One two three.", ["One", "two", "three"]);
  made.say([{ word: "two", text_start: 4, text_end: 7, start_ms: 300, end_ms: 580 }]);
  assert.equal(made.words.length, 3);
});

test("WebVTT has its head, its times, and no markup", () => {
  const made = spoken("Salt & <b> water.", ["Salt", "<b>", "water"]);
  assert.equal(vtt(made), "WEBVTT\n\n00:00:00.000 --> 00:00:00.880\nSalt &lt;b&gt; water.\n");
});

test("events come whole, however the bytes are cut", async () => {
  const text = 'id: 1\nevent: words\ndata: {"words":["é"]}\n\n: still here\n\nid: 2\nevent: end\ndata: {"ok":true}\n\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 7, bytes.length]) {
    const body = new ReadableStream({
      start(control) {
        for (let at = 0; at < bytes.length; at += size) control.enqueue(bytes.slice(at, at + size));
        control.close();
      },
    });
    const seen = [];
    for await (const event of eventsOf(body)) seen.push(event);
    assert.deepEqual(seen, [{ id: "1", kind: "words", data: { words: ["é"] } }, { id: "2", kind: "end", data: { ok: true } }]);
  }
  assert.equal(parsed(": still here"), null);
});

test("a missing writer is told from a voice that cannot read the text", () => {
  const refused = message => explained({ code: "no_rung_can_serve", message }).title;
  assert.equal(refused("No text provider can serve this request. llamacpp: it cannot run"), "There is no writer here yet.");
  assert.equal(refused("No tts provider can serve this request. flite: it cannot read what the text has in ja"), "Nobody here can do that yet.");
});

test("a code that is not known yet is told in plain words too", () => {
  assert.equal(explained({ code: "of_tomorrow", message: "" }).title, "That did not work.");
});
