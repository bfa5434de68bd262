// Errors in plain words: what happened, what to do next, and a button that does it.

import { make } from "./dom.js";

const WRITER = /\btext provider\b/; // and not the "text" that a voice cannot read

// code -> title, next step, action; the gateway's own sentence is one click away.
const WORDS = {
  unreachable: ["The gateway does not answer.", "Check that it is still running (make up starts it), then press play again. Nothing you wrote is lost.", "again"],
  unauthenticated: ["This gateway asks for a key.", "Enter your API key, then press play again.", "key"],
  permission_denied: ["Your key may not do this.", "Ask whoever runs this gateway for a key that may make voices and films.", "key"],
  empty_text: ["There is nothing to say yet.", "Write a sentence or two, then press play.", "write"],
  empty_idea: ["There is no idea yet.", "Say in a line what the film should be about, then press play.", "write"],
  empty_site: ["There is no address yet.", "Paste the address of a site, then press play.", "write"],
  bad_site: ["That is not a web address.", "It should look like example.com or https://example.com/about.", "write"],
  text_too_long: ["That is too much for one film.", "Shorten the script, or make it in parts.", "write"],
  unknown_voice: ["That voice is not here any more.", "Choose another one.", "voice"],
  voice_unusable: ["That voice cannot be used just now.", "Choose another one.", "voice"],
  consent_missing: ["That voice waits for its speaker's consent.", "Give it in the list of voices, or choose another one.", "voice"],
  no_speech: ["Nobody is heard to speak in that recording.", "Speak close to the microphone, in a quiet room, and record again.", ""],
  poor_sample: ["That recording is not good enough to learn a voice from.", "Read below what is wrong with it: too quiet, too loud or too much noise. Then record again.", ""],
  wrong_duration: ["That recording is too short or too long.", "Use 10 seconds to 5 minutes of speech.", ""],
  unsupported_sound: ["That file is not a sound that can be read here.", "WAV, MP3, M4A, FLAC, OGG and WebM work.", ""],
  sound_too_large: ["That recording is too large.", "Use one of less than 20 MB.", ""],
  no_recording: ["There is no recording yet.", "Record yourself, or choose a file.", ""],
  no_speaker: ["It is not said whose voice it is.", "Write the full name of the person who speaks.", ""],
  not_agreed: ["The speaker has not agreed yet.", "Have them read the statement and tick the box: without it no voice may be made.", ""],
  microphone_refused: ["The browser does not let this page use the microphone.", "Allow it in the browser's settings for this page, or choose a file.", ""],
  microphone_missing: ["There is no microphone to be found.", "Plug one in, or choose a file.", ""],
  unsupported_language: ["Nobody here speaks that language yet.", "Choose another voice, or see who could be added.", "voice"],
  unsupported_format: ["Nobody here makes films of that kind.", "Choose another shape, or see who could be added.", "rungs"],
  unknown_portrait: ["That face is not kept here any more.", "Choose another face, or add the photo again.", "face"],
  no_face: ["There is no face to be found in that photo.", "Use a photo with one clear face that looks into the camera.", "photo"],
  unsupported_media: ["That file is not a picture that can be read here.", "PNG, JPEG and WebP work.", "photo"],
  media_too_large: ["That photo is too large.", "Use one of less than 25 MB.", "photo"],
  body_too_large: ["That is too large to send.", "Use a smaller photo or a shorter script.", ""],
  no_rung_can_serve: ["Nobody here can do that yet.", "See who is missing, and the command that brings them.", "rungs"],
  all_rungs_failed: ["Everybody who could do that failed.", "See how they are, or try again in a moment.", "rungs"],
  overloaded: ["It is busy here right now.", "Try again in a few seconds.", "again"],
  rate_limited: ["That was a lot at once.", "Wait a few seconds and try again.", "again"],
  quota_exceeded: ["Today's budget is used up.", "Try again tomorrow, or ask whoever runs this gateway.", ""],
  draining: ["The gateway is restarting.", "Try again in a moment.", "again"],
  cannot_connect: ["A part of Troupe does not answer.", "See which one, then try again.", "rungs"],
  engine_missing: ["A part of Troupe is not installed.", "See which one, and the command that brings it.", "rungs"],
  checkpoint_not_found: ["A part of Troupe has no model yet.", "See which one, and the command that fetches it.", "rungs"],
  checkpoint_broken: ["The model of a part of Troupe is damaged.", "See which one, and the command that mends it.", "rungs"],
  engine_failed: ["Something broke while the film was made.", "Try again. If it breaks again, see who is ready.", "again"],
  stream_broken: ["The film broke off.", "What came can still be played. Press play to make it again.", "again"],
  deadline_exceeded: ["That took too long.", "Try again, or make it shorter.", "again"],
  address_refused: ["That address cannot be read from here.", "Only public web pages are read, nothing inside a private network.", "write"],
  page_without_text: ["There is nothing to read on that page.", "Try another page of the site, or write the script yourself.", "write"],
  fetch_failed: ["That site does not answer.", "Check the address, or try again in a moment.", "again"],
  unknown_scene: ["That film is over, and nothing is known of it any more.", "Press play to make it again.", "again"],
  invalid_argument: ["The gateway did not take that.", "Read below what it says, change it, and press play again.", ""],
  not_supported: ["That cannot be done here.", "Read below what the gateway says, and choose something else.", ""],
  licence_forbids: ["The licence of that model forbids it here.", "See who else could do it.", "rungs"],
  cancelled: ["The film was stopped.", "Press play to make it again.", "again"],
  internal: ["Something is wrong on our side.", "Try again. If it happens again, tell whoever runs this gateway the number below.", "again"],
};
const OTHERWISE = ["That did not work.", "Read what the gateway says, change it, and press play again.", ""];
const ACTIONS = { again: "Try again", key: "Enter a key", rungs: "See who is ready", voice: "Choose a voice", photo: "Choose another photo", face: "", write: "" };

/** Title, next step and action of an error. */
export function explained(error) {
  const [title, next, action] = WORDS[error.code] ?? OTHERWISE;
  if (error.code === "no_rung_can_serve" && WRITER.test(error.message)) {
    return { title: "There is no writer here yet.", next: "Write the script yourself, or see which command brings a writer.", action: "rungs" };
  }
  if (error.code === "overloaded" && error.retryAfter > 1) {
    return { title, next: `Try again in ${error.retryAfter} seconds.`, action };
  }
  return { title, next, action };
}

/** Show an error; `act(action)` is what its button does. */
export function showError(element, error, act) {
  const { title, next, action } = explained(error);
  const parts = [make("p", { class: "error-title", "data-testid": "error-title" }, title), make("p", { class: "error-next" }, next)];
  if (ACTIONS[action]) {
    const button = make("button", { type: "button", class: "button small", "data-testid": "error-action" }, ACTIONS[action]);
    button.addEventListener("click", () => act(action));
    parts.push(button);
  }
  if (error.message && error.code !== "unreachable") parts.push(said(error));
  element.replaceChildren(...parts);
  element.dataset.code = error.code;
  element.hidden = false;
  element.scrollIntoView({ block: "nearest" });
}

export function hideError(element) {
  element.hidden = true;
  element.replaceChildren();
}

function said(error) {
  const number = error.requestId ? make("p", { class: "mono" }, error.requestId) : null;
  return make("details", { class: "said" }, make("summary", {}, "What the gateway said"), make("p", {}, error.message), number);
}
