// WebVTT of the words, phrase by phrase.

import { spaced } from "./words.js";

/** The whole file. */
export function vtt(spoken) {
  const cues = spoken.phrases.map(phrase => `${time(phrase.start)} --> ${time(phrase.end)}\n${line(spoken, phrase)}\n`);
  return `WEBVTT\n\n${cues.join("\n")}`;
}

function line(spoken, phrase) {
  let text = "";
  phrase.words.forEach((word, index) => {
    if (index && spaced(spoken, phrase.words[index - 1], word)) text += " ";
    text += spoken.written(word);
  });
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function time(ms) {
  const whole = new Date(Math.round(ms)).toISOString(); // films are shorter than a day
  return whole.slice(11, 23);
}
