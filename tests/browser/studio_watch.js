// Runs in every page of the tests before anything of its own: writes down what a viewer of the Studio would notice.

window.seen = { refused: [] };

/** A film is asked for: everything about it is written down anew. */
const begin = () => Object.assign(seen, {
  pressed_ms: performance.now(), first_byte_ms: null, first_frame_ms: null, bytes: 0,
  playing: false, ended: false, stalls: [], lit: [], frames_ms: [], shifts: 0,
});
begin();

addEventListener("securitypolicyviolation", event => seen.refused.push(`${event.violatedDirective}: ${event.blockedURI}`));
addEventListener("keydown", event => { if (event.key === "Enter" && event.ctrlKey) begin(); }, true);
addEventListener("click", event => { if (event.target.closest?.("#play")) begin(); }, true);
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shifts += entry.value;
}).observe({ type: "layout-shift" });

/** Seconds of film that are there and were not played yet. */
const ahead = ({ buffered, currentTime }) => (buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0);

const { appendBuffer } = SourceBuffer.prototype;
SourceBuffer.prototype.appendBuffer = function append(bytes) {
  seen.first_byte_ms ??= performance.now();
  seen.bytes += bytes.byteLength;
  return appendBuffer.call(this, bytes);
};

// Before the page's own scripts, so that its frames are written down before it sees them.
document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive") return;
  const video = document.querySelector("video");
  const onFrame = (_, frame) => {
    seen.first_frame_ms ??= performance.now();
    seen.frames_ms.push(1000 * frame.mediaTime);
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  video.addEventListener("playing", () => { seen.playing = true; });
  video.addEventListener("ended", () => { seen.ended = true; });
  // At the very end nothing is missing, and a film that has not begun cannot stall.
  video.addEventListener("waiting", () => {
    if (seen.playing && !video.ended) seen.stalls.push({ film_s: video.currentTime, ahead_s: ahead(video) });
  });
  // A word is lit when its class says so. What was lit already is not written down again.
  new MutationObserver(() => {
    const word = document.querySelector("#caption .now");
    if (!word || word === seen.word) return;
    Object.defineProperty(seen, "word", { value: word, configurable: true, enumerable: false });
    seen.lit.push({ word: word.textContent, start_ms: Number(word.dataset.start), film_ms: 1000 * video.currentTime, frames: seen.frames_ms.length });
  }).observe(document.getElementById("caption"), { childList: true, subtree: true, attributeFilter: ["class"] });
});

window.told = () => {
  const video = document.querySelector("video");
  const { totalVideoFrames: decoded, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
  return { ...seen, decoded, dropped, now_s: video.currentTime, film_s: video.duration };
};
