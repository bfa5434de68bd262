// Server-sent events over fetch: EventSource cannot send a key. A connection that breaks is taken up where it broke.

import { ask } from "./api.js";

const AGAIN_MS = 300;
const TRIES = 8;

/** Calls `tell(kind, data)` for each event of a scene until its end; resolves then, or when the signal aborts.
 *  A scene whose id was chosen here may not be there yet: it is asked for until it is. */
export async function follow(sceneId, tell, signal) {
  let last = "", ended = false;
  for (let tries = 0; !ended && !signal.aborted && tries < TRIES; tries += 1) {
    if (tries) await new Promise(resolve => setTimeout(resolve, AGAIN_MS * tries));
    if (signal.aborted) return;
    try {
      const headers = last ? { "Last-Event-ID": last } : {};
      const response = await ask(`/api/scenes/${encodeURIComponent(sceneId)}/events`, { headers, signal });
      for await (const event of eventsOf(response.body)) {
        tries = 0;
        last = event.id || last;
        ended ||= event.kind === "end";
        tell(event.kind, event.data);
      }
    } catch (error) {
      if (signal.aborted || (last && error.code === "unknown_scene")) return;
    }
  }
}

/** The events of a stream of bytes. */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      held += value;
      const whole = held.split("\n\n");
      held = whole.pop();
      for (const text of whole) {
        const event = parsed(text);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have ended by itself
  }
}

/** One event's lines; null for a comment that only keeps the connection open. */
export function parsed(text) {
  const fields = { id: "", event: "", data: "" };
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    if (name in fields) fields[name] += line.slice(colon + 1).trimStart();
  }
  return fields.event ? { id: fields.id, kind: fields.event, data: JSON.parse(fields.data || "{}") } : null;
}
