// The faces: the shipped avatars, and photos of one's own. A photo is looked at when it is brought, so that one without
// a face is known at once and not when the film is asked for.

import { ask, askJson } from "./api.js";
import { $, icon, make } from "./dom.js";

const PHOTOS = "troupe.photos"; // previews of own photos: the gateway tells only their ids later
const MAX_PHOTOS = 5;
const PREVIEW_SIDE = 512;

export class Faces {
  /** `choose(face)`: this one now; `fail(error)`: a photo that cannot be used. */
  constructor({ choose, fail, busy }) {
    Object.assign(this, { choose, fail, busy, avatars: [], photos: stored(), chosen: "" });
    $("photo").addEventListener("change", () => {
      const [file] = $("photo").files;
      $("photo").value = "";
      if (file) this.bring(file);
    });
    this.#acceptDrops($("frame"));
    this.#acceptDrops($("faces"));
  }

  /** The avatars come with the page; who may ask the API sees which photos are still kept there. */
  async load(chosen) {
    this.avatars = (await (await fetch("/studio/avatars/avatars.json")).json()).map(avatar => ({
      ...avatar, picture: `/studio/avatars/${avatar.id}.webp`,
    }));
    this.draw(chosen);
  }

  /** Forget photos that the gateway has forgotten. */
  async check() {
    if (!this.photos.length) return;
    const { portraits } = await askJson("/api/portraits");
    const kept = new Set(portraits.map(portrait => portrait.portrait_id));
    this.#keep(this.photos.filter(photo => kept.has(photo.id)));
    this.draw(this.chosen);
  }

  get face() {
    return this.#all().find(face => face.id === this.chosen) ?? this.avatars[0];
  }

  draw(chosen) {
    this.chosen = this.#all().some(face => face.id === chosen) ? chosen : this.avatars[0].id;
    $("face-list").replaceChildren(...this.#all().map(face => this.#tile(face)), this.#adder());
    this.choose(this.face);
  }

  /** Look at a photo and choose it. */
  async bring(file) {
    this.busy(true);
    try {
      const form = new FormData();
      form.set("portrait", file);
      form.set("name", file.name.replace(/\.[^.]*$/, "").slice(0, 40));
      const made = await (await ask("/api/portraits", { method: "POST", body: form })).json();
      const photo = { id: made.portrait_id, name: "your photo", own: true, picture: await small(made.preview), notes: made.notes };
      this.#keep([photo, ...this.photos].slice(0, MAX_PHOTOS));
      this.draw(photo.id);
    } catch (error) {
      this.fail(error);
    } finally {
      this.busy(false);
    }
  }

  async #remove(photo) {
    await ask(`/api/portraits/${encodeURIComponent(photo.id)}`, { method: "DELETE" }).catch(error => {
      if (error.code !== "unknown_portrait") this.fail(error);
    });
    this.#keep(this.photos.filter(each => each.id !== photo.id));
    this.draw(this.chosen === photo.id ? this.avatars[0].id : this.chosen);
    $("face-list").querySelector(":checked")?.focus();
  }

  #all() {
    return [...this.avatars, ...this.photos];
  }

  #tile(face) {
    const radio = make("input", { type: "radio", name: "face", value: face.id, checked: face.id === this.chosen, "aria-label": face.own ? "Your photo" : face.name });
    radio.addEventListener("change", () => {
      this.chosen = face.id;
      this.choose(face);
    });
    const label = make("label", { class: "face", "data-face": face.id, "data-testid": `face-${face.id}`, title: face.own ? "Your photo" : face.name },
      radio, make("img", { src: face.picture, alt: "", width: 96, height: 96, decoding: "async" }));
    return face.own ? make("span", { class: "face-own" }, label, this.#remover(face)) : label;
  }

  #remover(face) {
    const button = make("button", { type: "button", class: "face-remove", "aria-label": "Delete your photo", title: "Delete this photo" }, icon("close"));
    button.addEventListener("click", () => this.#remove(face));
    return button;
  }

  #adder() {
    const button = make("button", { type: "button", class: "face face-add", id: "photo-add", "data-testid": "photo-add", title: "Add a photo" },
      icon("plus"), make("span", { class: "unseen" }, "Add a photo"));
    button.addEventListener("click", () => $("photo").click());
    return button;
  }

  #keep(photos) {
    this.photos = photos;
    try {
      localStorage.setItem(PHOTOS, JSON.stringify(photos));
    } catch {
      // Storage is full or off: the photos are there until the page is left.
    }
  }

  #acceptDrops(place) {
    for (const kind of ["dragenter", "dragover"]) {
      place.addEventListener(kind, event => {
        if (![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        $("stage").classList.add("dropping");
      });
    }
    for (const kind of ["dragleave", "drop"]) place.addEventListener(kind, () => $("stage").classList.remove("dropping"));
    place.addEventListener("drop", event => {
      event.preventDefault();
      if (event.dataTransfer.files.length) this.bring(event.dataTransfer.files[0]);
    });
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(PHOTOS) ?? "[]");
  } catch {
    return [];
  }
}

/** A preview small enough to keep. */
async function small(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const scale = Math.min(1, PREVIEW_SIDE / picture.naturalHeight);
  const canvas = make("canvas", { width: picture.naturalWidth * scale, height: picture.naturalHeight * scale });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/webp", 0.85);
}
