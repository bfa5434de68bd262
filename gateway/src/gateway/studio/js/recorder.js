// Records the microphone: one recording at a time, five minutes at most, and how loud it is meanwhile.

import { ApiError } from "./api.js";

export const LEAST_S = 10;
const MOST_S = 300;
const LOOK_MS = 100;
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
// The voice as it is: what browsers do to speech for calls takes away what makes it that voice.
const PLAIN = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true };
const QUIETEST_DB = -60;

/** Whether this page may record at all: browsers let only https and localhost. */
export const canRecord = () => Boolean(globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia);

export class Recorder {
  /** `tick(seconds, level)`: while it records, level 0..1; `done(blob, seconds)`: it has stopped. */
  constructor({ tick, done }) {
    Object.assign(this, { tick, done, recorder: null });
  }

  get running() {
    return Boolean(this.recorder);
  }

  /** Begin; throws an ApiError where there is no microphone, or none that may be used. */
  async start() {
    const stream = await microphone();
    const mimeType = KINDS.find(kind => MediaRecorder.isTypeSupported(kind));
    const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 128_000 });
    const pieces = [], began = performance.now();
    const meter = new Meter(stream);
    const seconds = () => (performance.now() - began) / 1000;
    const look = setInterval(() => {
      this.tick(seconds(), meter.level);
      if (seconds() >= MOST_S) this.stop();
    }, LOOK_MS);
    recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    recorder.addEventListener("stop", () => {
      clearInterval(look);
      meter.close();
      for (const track of stream.getTracks()) track.stop();
      this.recorder = null;
      this.done(new Blob(pieces, { type: recorder.mimeType.split(";")[0] }), seconds());
    });
    recorder.start();
    this.recorder = recorder;
  }

  stop() {
    if (this.recorder?.state === "recording") this.recorder.stop();
  }
}

async function microphone() {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
  } catch (cause) {
    const missing = ["NotFoundError", "NotReadableError", "OverconstrainedError"].includes(cause.name);
    throw new ApiError(missing ? "microphone_missing" : "microphone_refused", "");
  }
}

/** How loud a stream is now, on a scale of decibels. */
class Meter {
  constructor(stream) {
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.samples = new Float32Array(this.analyser.fftSize);
  }

  get level() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, sample) => sum + sample * sample, 0) / this.samples.length;
    const db = 10 * Math.log10(power + 1e-12);
    return Math.min(1, Math.max(0, 1 - db / QUIETEST_DB));
  }

  close() {
    this.context.close();
  }
}
