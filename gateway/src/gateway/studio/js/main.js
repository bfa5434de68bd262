// The Studio: what is chosen, pressed and seen, put together.

import { Captions } from "./captions.js";
import { Composer, EXAMPLE } from "./composer.js";
import { $, announce } from "./dom.js";
import { Downloads } from "./downloads.js";
import * as draft from "./draft.js";
import { explained, hideError, showError } from "./errors.js";
import { Faces } from "./faces.js";
import { installKey } from "./key.js";
import { BEGINNINGS, Options } from "./options.js";
import { Player } from "./player.js";
import { Rungs } from "./rungs.js";
import { Stage } from "./stage.js";
import { Take } from "./take.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";
import { VoiceDialog, showSampleState } from "./voice_dialog.js";
import { Samples, languageName, loadVoices } from "./voices.js";

const VOICE = { voice_id: "en-US-AriaNeural", name: "Aria", language: "en-US", spoken: languageName("en-US"), gender: "female", available: true };
const kept = draft.load({ tab: "script", script: EXAMPLE, idea: "", site: "", face: "ada", voice: VOICE, picked: false, options: BEGINNINGS });
const stage = new Stage();
const player = new Player($("video"), { onFrame: firstFrame, onRefused: refused });
const captions = new Captions($("video"), $("caption"));
const transport = new Transport(player);
const timeline = new Timeline($("timeline"), $("notes"));
const downloads = new Downloads({ fail });
const composer = new Composer(onTyped);
const options = new Options(onOptions);
const rungs = new Rungs({ change: onRungs, unlocked: enter });
const samples = new Samples(onSample, fail);
const faces = new Faces({ choose: onFace, fail: onBadPhoto, busy: onPhotoBusy });
const voices = new VoiceDialog({ choose: onVoicePicked, hear: voice => samples.toggle(voice) });
let voice = kept.voice;
let picked = kept.picked; // whether a person chose the voice, or the face brought it
let allVoices = [];
let take = null; // the film that is being made, or was made last
let running = false;

begin();

async function begin() {
  $("play-keys").textContent = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ ↵" : "Ctrl ↵";
  options.set(kept.options);
  composer.set(kept);
  onVoice(voice);
  listen();
  await faces.load(kept.face);
  installKey(enter);
  await enter();
}

/** Everything that needs the key, if there is one: asked for now, and once more when the key is another. */
async function enter() {
  try {
    allVoices = await loadVoices();
    voices.fill(allVoices);
    onVoice(allVoices.find(each => each.voice_id === voice.voice_id) ?? voice);
    await faces.check();
  } catch (error) {
    if (error.status !== 401) fail(error);
  }
  rungs.refresh();
}

function listen() {
  $("composer").addEventListener("submit", event => {
    event.preventDefault();
    play();
  });
  $("stop").addEventListener("click", stop);
  $("voice-open").addEventListener("click", () => voices.open(voice.voice_id));
  $("voice-hear").addEventListener("click", () => samples.toggle(voice));
  for (const button of document.querySelectorAll("[data-rungs]")) button.addEventListener("click", () => rungs.open());
  $("voices").addEventListener("close", () => samples.stop());
  $("video").addEventListener("play", () => {
    if (!take || (running && stage.state !== "playing")) return;
    stage.aspect = take.order.aspect;
    stage.live = true;
  });
  $("frame").addEventListener("click", () => {
    if (!take) play();
  });
  document.addEventListener("keydown", event => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      play();
    }
    if (event.key === "Escape" && running) stop();
  });
}

async function play() {
  if (running) return;
  hideError($("error"));
  let order;
  try {
    order = orderNow();
  } catch (error) {
    composer.focus();
    return fail(error);
  }
  const mine = (take = new Take(order, { player, hear: (kind, data) => hear(mine, kind, data) }));
  mine.voice = voice;
  curtain(mine);
  try {
    await mine.run();
    if (!mine.stopped) timeline.film(player.end);
    over(mine, mine.stopped ? "Stopped." : `Done. ${player.end.toFixed(1)} seconds of film.`);
  } catch (error) {
    over(mine, "");
    fail(error);
    if (explained(error).action === "write") composer.focus();
  }
}

function orderNow() {
  return { ...composer.fields(voice.language), voice_id: voice.voice_id, portrait_id: faces.face.id, ...options.fields };
}

/** The stage before a film. */
function curtain(mine) {
  running = true;
  samples.stop();
  stage.live = false;
  stage.aspect = mine.order.aspect;
  stage.wait({ text: "Getting ready", prompt: "Waiting for the writer", url: "Reading the site" }[Object.keys(mine.order)[0]]);
  stage.used();
  downloads.offer(null);
  composer.expect(!mine.order.text);
  transport.enable(false);
  captions.follow(mine.order.captions ? null : mine.spoken);
  timeline.reset({ written: Boolean(mine.order.text) });
  timeline.start();
  swap("stop", "play");
  if (matchMedia("(max-width: 60rem)").matches) $("stage").scrollIntoView({ block: "start" });
}

/** The stage after a film, whole or not. */
function over(mine, news) {
  if (take !== mine) return;
  running = false;
  if (stage.state === "waiting") stage.state = "idle";
  timeline.end();
  if (!mine.order.text && mine.spoken.text) composer.written(mine.spoken.text, { whole: true });
  else composer.expect(false);
  transport.enable(player.pieces.length > 0);
  if (player.pieces.length && !mine.stopped) downloads.offer(mine, player);
  swap("play", "stop");
  if (news) announce(news);
  rungs.refresh();
}

function stop() {
  if (!running) return;
  $("video").pause();
  take.stop();
}

/** One button gives way to the other, and the focus goes with it. */
function swap(shown, hidden) {
  const focused = document.activeElement === $(hidden);
  $(shown).hidden = false;
  $(hidden).hidden = true;
  if (focused) $(shown).focus();
}

function hear(mine, kind, data) {
  if (take !== mine) return;
  if (kind === "stage") onStage(data);
  if (kind === "voice" && data.substituted) timeline.standsIn(mine.voice.name);
  if (kind === "text") composer.written(mine.spoken.text, { whole: false });
  if (kind === "provider") timeline.served(data.modality, data.provider, data.reason);
  if (kind === "resumed") {
    timeline.resumed(data.modality, data.provider, data.reason);
    announce(`${data.provider} went on.`);
  }
  if (kind === "note") timeline.note(data.text);
  if (kind === "page") {
    composer.source(data);
    stage.waitingFor = `Reading ${data.title || data.url}`;
  }
}

function onStage({ stage: name, at_ms: ms }) {
  timeline.stage(name, ms);
  if (name === "pages_read") stage.waitingFor = "Waiting for the writer";
  if (name === "first_token") stage.waitingFor = "Writing the first sentence";
}

function firstFrame() {
  stage.live = true;
  stage.state = "playing";
  timeline.reach("video", take.elapsed);
  transport.enable(true);
  announce(`${faces.face.own ? "Your photo" : faces.face.name} is speaking.`);
}

function refused() {
  stage.state = "idle";
  transport.enable(true);
  timeline.note("Your browser wants one more press: the play button below the picture.");
}

function onTyped() {
  if (!take) timeline.reset({ written: composer.tab === "script" });
  keepDraft();
}

function onFace(face) {
  stage.show(face);
  $("face-problem").hidden = true;
  composer.name(face.own ? "your photo" : face.name);
  if (!picked && face.gender && face.gender !== voice.gender) onVoice(suiting(face));
  if (!running) {
    $("video").pause();
    stage.live = false;
  }
  keepDraft();
}

/** A voice of the same language that suits a face, as long as nobody chose one. */
function suiting(face) {
  return allVoices.find(each => each.available && each.language === voice.language && each.gender === face.gender) ?? voice;
}

function onVoicePicked(chosen) {
  picked = true;
  onVoice(chosen);
}

function onVoice(chosen) {
  voice = chosen;
  $("voice-name").textContent = chosen.name;
  $("voice-detail").textContent = chosen.spoken;
  keepDraft();
}

function onSample(voiceId, state) {
  voices.sampleState(voiceId, state);
  if (voiceId === voice.voice_id) showSampleState($("voice-hear"), state);
}

function onOptions(values) {
  if (!$("frame").classList.contains("live")) stage.aspect = values.aspect;
  keepDraft();
}

function onRungs(chains) {
  const ready = (chains?.text.chain ?? []).filter(rung => rung.state === "ready");
  composer.writers({ known: Boolean(chains), about: ready.length > 0, free: ready.some(rung => !rung.features.includes("documents_only")) });
}

function onBadPhoto(error) {
  if (error.status === 401) return fail(error);
  showError($("face-problem"), error, act);
}

function onPhotoBusy(busy) {
  $("photo-add")?.setAttribute("aria-busy", String(busy));
  if (busy) announce("Looking at the photo.");
}

function fail(error) {
  showError($("error"), error, act);
}

/** What the button of an error does. */
function act(action) {
  if (action === "again") play();
  if (action === "rungs") rungs.open();
  if (action === "voice") voices.open(voice.voice_id);
  if (action === "photo") $("photo").click();
  if (action === "key") $("key-open").click();
}

function keepDraft() {
  draft.save({ ...composer.values, face: faces?.chosen || kept.face, voice: { ...voice }, picked, options: options.values });
}
