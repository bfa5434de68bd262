// A film on the screen while it is made: bytes go into a MediaSource as they come. Where a browser has none, or not for
// this kind of film, the whole film is shown when it is there. All bytes are kept, for the download.

const TRIM_BEHIND_S = 30; // what is given up of the past when the browser's buffer is full
const Source = window.ManagedMediaSource ?? window.MediaSource;

export class Player {
  /** `onFrame`: the first frame of a film is on the screen; `onRefused`: a person has to press once more;
   *  `onUnplayable`: the whole film is here and this browser cannot show it. */
  constructor(video, { onFrame, onRefused, onUnplayable }) {
    Object.assign(this, { video, onFrame, onRefused });
    video.addEventListener("error", () => {
      if (this.complete && !this.streams && this.pieces.length) onUnplayable();
    });
    this.reset();
  }

  /** Call it in the click itself: browsers allow sound only to what a person began. */
  open() {
    this.reset();
    if (Source) {
      this.source = new Source();
      this.video.disableRemotePlayback = true; // Safari asks this of a managed source
      this.#show(this.source);
      this.opened = new Promise(resolve => this.source.addEventListener("sourceopen", resolve, { once: true }));
    }
    this.#watchFirstFrame();
    this.#start();
  }

  /** What kind of film comes. */
  async begin(type) {
    this.type = type;
    this.streams = Boolean(Source?.isTypeSupported(type));
    if (!this.streams) return;
    await this.opened;
    this.buffer = this.source.addSourceBuffer(type);
  }

  async append(bytes) {
    this.pieces.push(bytes);
    if (!this.streams) return;
    try {
      await this.#put(bytes).catch(error => {
        if (error.name !== "QuotaExceededError") throw error;
        return this.#makeRoom().then(() => this.#put(bytes));
      });
    } catch {
      this.streams = false; // the browser gave up on the stream: it gets the whole film at the end
    }
  }

  /** The film is whole, or as whole as it will be. */
  finish() {
    this.complete = true;
    if (!this.pieces.length) {
      this.reset();
    } else if (!this.streams) {
      this.#show(this.blob());
      this.#start();
    } else {
      if (this.source.readyState === "open" && !this.buffer.updating) this.source.endOfStream();
      // What the browser had to forget can be seen again once the film has been seen to its end.
      if (this.trimmed) this.video.addEventListener("ended", () => this.trimmed && this.#show(this.blob()), { once: true });
    }
  }

  /** All that came, as a file. */
  blob() {
    return new Blob(this.pieces, { type: this.type.split(";")[0] });
  }

  /** Seconds that can be played: all that came. */
  get end() {
    const { buffered, duration } = this.video;
    if (Number.isFinite(duration) && this.complete) return duration;
    return buffered.length ? buffered.end(buffered.length - 1) : 0;
  }

  reset() {
    this.pieces = [];
    this.type = "";
    this.streams = this.complete = this.trimmed = false;
    this.source = this.buffer = null;
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = "";
    this.video.removeAttribute("src");
    this.video.load(); // else a film that never came would be waited for
  }

  #show(what) {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = URL.createObjectURL(what);
    this.video.src = this.address;
  }

  #start() {
    this.video.play().catch(error => {
      if (error.name === "NotAllowedError") this.onRefused();
    });
  }

  #watchFirstFrame() {
    const seen = () => this.onFrame();
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(seen);
    else this.video.addEventListener("playing", seen, { once: true });
  }

  #put(bytes) {
    const { buffer } = this;
    return new Promise((resolve, reject) => {
      if (this.source?.readyState !== "open") return resolve(); // another film has begun
      buffer.addEventListener("updateend", resolve, { once: true });
      buffer.addEventListener("error", () => reject(new Error("The browser could not read the film.")), { once: true });
      buffer.appendBuffer(bytes);
    });
  }

  /** Wait until something lies far enough behind, and let the browser forget it. */
  async #makeRoom() {
    while (this.video.currentTime < 2 * TRIM_BEHIND_S && !this.video.ended) {
      await new Promise(resolve => this.video.addEventListener("timeupdate", resolve, { once: true }));
    }
    this.trimmed = true;
    await new Promise(resolve => {
      this.buffer.addEventListener("updateend", resolve, { once: true });
      this.buffer.remove(0, this.video.currentTime - TRIM_BEHIND_S);
    });
  }
}
