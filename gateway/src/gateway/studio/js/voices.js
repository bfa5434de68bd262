// The voices of the gateway, and their samples: each is heard once, then kept.

import { askJson, post } from "./api.js";

const SAMPLES = {
  en: "Hello. This is how I sound when I read your words.",
  de: "Guten Tag. So klinge ich, wenn ich Ihren Text lese.",
  es: "Hola. Así sueno cuando leo tus palabras.",
  fr: "Bonjour. Voici ma voix quand je lis vos mots.",
  it: "Ciao. Questa è la mia voce quando leggo le tue parole.",
  pt: "Olá. É assim que eu soo quando leio as suas palavras.",
  nl: "Hallo. Zo klink ik als ik jouw woorden lees.",
  pl: "Dzień dobry. Tak brzmię, kiedy czytam twoje słowa.",
  ru: "Здравствуйте. Так звучит мой голос.",
  tr: "Merhaba. Sözlerinizi okurken sesim böyle.",
  ja: "こんにちは。こんな声で読みます。",
  zh: "你好，这就是我朗读时的声音。",
  ko: "안녕하세요. 제 목소리는 이렇습니다.",
  hi: "नमस्ते। मेरी आवाज़ ऐसी है।",
  ar: "مرحبا. هكذا يبدو صوتي.",
};
const ANY_LANGUAGE = "1, 2, 3, 4, 5."; // every voice reads digits in its own language

const names = new Intl.DisplayNames(["en"], { type: "language", languageDisplay: "standard" });

/** A language tag in words: "English (United States)". */
export function languageName(tag) {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag || "Any language";
  }
}

export const primary = tag => tag.split("-")[0].toLowerCase();

/** All voices, with their languages in words. A cloned one says what is written in any language its engine reads. */
export async function loadVoices() {
  const { voices } = await askJson("/api/voices");
  return voices.map(voice => ({ ...voice, spoken: voice.cloned && !voice.language ? "Your own voice" : languageName(voice.language) }));
}

/** Plays samples, one at a time; `onChange(voiceId, state)`: "loading", "playing" or "". */
export class Samples {
  constructor(onChange, onError) {
    this.onChange = onChange;
    this.onError = onError;
    this.kept = new Map();
    this.audio = new Audio();
    this.voiceId = "";
    for (const kind of ["ended", "error"]) this.audio.addEventListener(kind, () => this.stop());
  }

  /** Hear a voice, or stop hearing it. */
  async toggle(voice) {
    const same = voice.voice_id === this.voiceId;
    this.stop();
    if (same) return;
    this.voiceId = voice.voice_id;
    this.onChange(voice.voice_id, "loading");
    try {
      const address = await this.#sample(voice);
      if (this.voiceId !== voice.voice_id) return;
      this.audio.src = address;
      await this.audio.play();
      this.onChange(voice.voice_id, "playing");
    } catch (error) {
      if (this.voiceId !== voice.voice_id) return; // another one was asked for, or none
      this.stop();
      this.onError(error);
    }
  }

  stop() {
    const { voiceId } = this;
    this.voiceId = "";
    this.audio.pause();
    if (voiceId) this.onChange(voiceId, "");
  }

  async #sample({ voice_id, language }) {
    if (!this.kept.has(voice_id)) {
      const text = SAMPLES[primary(language || "en")] ?? ANY_LANGUAGE;
      const response = await post("/api/voice", { text, voice_id, format: "mp3" });
      this.kept.set(voice_id, URL.createObjectURL(await response.blob()));
    }
    return this.kept.get(voice_id);
  }
}
