// The API key: kept for this tab, or in this browser where its owner ticks the box; asked for once, however many
// requests find that it is missing.

import { $, closable } from "./dom.js";

const NAME = "troupe.key";
let asking = null;

export const currentKey = () => sessionStorage.getItem(NAME) || localStorage.getItem(NAME) || "";

/** Ask for a key; resolves with whether one was given. All who ask at the same time get the same answer. */
export function askForKey({ wrong = false, key = "" } = {}) {
  asking ??= open(wrong, key).finally(() => { asking = null; });
  return asking;
}

/** Let the page's owner of the key change it. */
export function installKey(onChange) {
  closable($("key-dialog"));
  $("key-open").hidden = !currentKey();
  $("key-open").addEventListener("click", async () => {
    if (await askForKey()) onChange();
  });
}

function open(wrong, key) {
  const dialog = $("key-dialog"), field = $("key"), problem = $("key-problem");
  if (wrong && key === currentKey()) forget();
  tell(wrong ? "That key is not known here. Check that it is complete, or ask for a new one." : "");
  field.value = "";
  $("key-remember").checked = localStorage.getItem(NAME) !== null;
  dialog.showModal();
  field.focus();
  return new Promise(resolve => {
    let given = false;
    const onSubmit = event => {
      event.preventDefault();
      const value = field.value.trim();
      if (!value) return tell("The key is empty. Paste it here.");
      keep(value, $("key-remember").checked);
      given = true;
      dialog.close();
    };
    const onClose = () => {
      $("key-form").removeEventListener("submit", onSubmit);
      field.value = "";
      resolve(given);
    };
    $("key-form").addEventListener("submit", onSubmit);
    dialog.addEventListener("close", onClose, { once: true });
  });

  function tell(words) {
    problem.textContent = words;
    problem.hidden = !words;
    field.setAttribute("aria-invalid", String(Boolean(words)));
  }
}

function keep(value, remembered) {
  forget();
  (remembered ? localStorage : sessionStorage).setItem(NAME, value);
  $("key-open").hidden = false;
}

function forget() {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
}
