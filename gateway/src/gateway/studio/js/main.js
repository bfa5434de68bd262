// The Studio: what is chosen, pressed and seen, put together.

import { ApiError } from "./api.js";
import * as cast from "./cast.js";
import { Composer, EXAMPLE } from "./composer.js";
import { $, announce } from "./dom.js";
import * as draft from "./draft.js";
import { explained, hideError, showError } from "./errors.js";
import * as engine from "./face_engine.js";
import { installKey } from "./key.js";
import * as look from "./options.js";
import { Reader } from "./reader.js";
import { Rungs } from "./rungs.js";
import { ScriptCard } from "./script_card.js";
import { Show } from "./show.js";
import { Stage } from "./stage.js";

const BEGINNINGS = { tab: "script", script: EXAMPLE, idea: "", site: "", ...cast.BEGINNINGS, engine: engine.BEGINNINGS, options: look.BEGINNINGS };
const ACTIONS = {
  again: play,
  rungs: () => rungs.open(),
  voice: () => players.openVoices(),
  photo: () => $("photo").click(),
  key: () => $("key-open").click(),
};
const kept = draft.load(BEGINNINGS);
const stage = new Stage();
const card = new ScriptCard({ use: text => composer.take(text) });
const show = new Show({ stage, card, fail, ended: () => rungs.refresh() });
const composer = new Composer(onTyped);
const options = new look.Options(onOptions);
const faceEngine = new engine.FaceEngine(keepDraft);
const players = new cast.Cast({ change: onCast, fail, failPhoto: onBadPhoto, busy: onPhotoBusy, act });
const rungs = new Rungs({ change: onRungs, unlocked: enter });
const reader = new Reader({ request: siteNow, card, begin: () => hideError($("error")), fail });
let restored = false; // nothing is kept before what was kept is shown

begin();

async function begin() {
  $("play-keys").textContent = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ ↵" : "Ctrl ↵";
  options.set(kept.options);
  faceEngine.set(kept.engine);
  composer.set(kept);
  listen();
  await players.load(kept).catch(() => fail(new ApiError("unreachable", "")));
  restored = true;
  installKey(enter);
  await enter();
}

/** Everything that needs the key, if there is one: asked for now, and once more when the key is another. */
async function enter() {
  try {
    await players.enter();
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
  $("stop").addEventListener("click", () => show.stop());
  $("frame").addEventListener("click", () => {
    if (!show.take) play();
  });
  for (const button of document.querySelectorAll("[data-rungs]")) button.addEventListener("click", () => rungs.open());
  document.addEventListener("keydown", event => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      play();
    }
    if (event.key === "Escape") show.stop();
  });
}

function play() {
  if (show.running) return;
  hideError($("error"));
  try {
    const order = { ...composer.fields(players.voice.language), voice_id: players.voice.voice_id, portrait_id: players.face.id, ...options.fields, ...faceEngine.fields };
    players.hush();
    reader.stop();
    show.play(order, { name: players.face.own ? "Your photo" : players.name, voice: players.voice.name });
  } catch (error) {
    fail(error);
  }
}

/** What is asked of a site that is only read. */
function siteNow() {
  const { url, language } = composer.fields(players.voice.language);
  return { url, language, local_only: options.fields.local_only };
}

function onTyped() {
  show.expect({ written: composer.tab === "script" });
  keepDraft();
}

function onCast() {
  stage.show(players.face);
  composer.name(players.name);
  if ($("stage").dataset.face !== players.face.id) {
    $("stage").dataset.face = players.face.id;
    $("face-problem").hidden = true;
    show.giveWay();
  }
  keepDraft();
}

function onOptions(values) {
  if (!stage.live) stage.aspect = values.aspect;
  keepDraft();
}

function onRungs(chains) {
  const ready = (chains?.text.chain ?? []).filter(rung => rung.state === "ready");
  faceEngine.offer(chains?.video ?? null);
  composer.writers({ known: Boolean(chains), about: ready.length > 0, free: ready.some(rung => !rung.features.includes("documents_only")) });
}

function onBadPhoto(error) {
  if (error.status === 401) fail(error);
  else showError($("face-problem"), error, act);
}

function onPhotoBusy(busy) {
  $("photo-add")?.setAttribute("aria-busy", String(busy));
  if (busy && stage.state === "idle") stage.wait("Looking at the photo");
  else if (!busy && !show.running && stage.state === "waiting") stage.state = "idle";
  if (busy) announce("Looking at the photo.");
}

function fail(error) {
  showError($("error"), error, act);
  if (explained(error).action === "write") composer.focus();
  if (error.code === "unknown_portrait") players.faces.check().catch(() => {}); // it is told already
}

/** What the button of an error does. */
function act(action) {
  ACTIONS[action]?.();
}

function keepDraft() {
  if (restored) draft.save({ ...composer.values, ...players.values, engine: faceEngine.values, options: options.values });
}
