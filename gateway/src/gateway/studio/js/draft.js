// What was typed and chosen stays in this browser, so that nothing is lost by an error, a reload or a closed tab.

const NAME = "troupe.draft";
const LATER_MS = 250;

/** What was kept, over these beginnings. */
export function load(beginnings) {
  try {
    return { ...beginnings, ...JSON.parse(localStorage.getItem(NAME) ?? "{}") };
  } catch {
    return { ...beginnings }; // storage that is off or spoiled: begin anew
  }
}

let timer = 0;
let latest = null;

/** Keep it, a moment later. */
export function save(draft) {
  latest = draft;
  clearTimeout(timer);
  timer = setTimeout(write, LATER_MS);
}

function write() {
  if (!latest) return;
  try {
    localStorage.setItem(NAME, JSON.stringify(latest));
  } catch {
    // Storage is full or off: the page works, it only forgets.
  }
}

addEventListener("pagehide", write);
