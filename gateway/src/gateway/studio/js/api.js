// The gateway's API. Every failure is an ApiError; a 401 asks for the key once and tries again.

import { askForKey, currentKey } from "./key.js";

export class ApiError extends Error {
  /** `code` as in docs/HTTP.md, or "unreachable" where no answer came at all. */
  constructor(code, message, { status = 0, details = {}, requestId = "", retryAfter = 0 } = {}) {
    super(message);
    Object.assign(this, { code, status, details, requestId, retryAfter });
  }
}

/** A response that is fine; `quiet`: a missing key is an error, nobody is asked for it. */
export async function ask(path, { quiet = false, ...init } = {}) {
  for (let wrong = false; ; wrong = true) {
    const key = currentKey();
    const response = await send(path, init, key);
    if (response.ok) return response;
    const error = await errorOf(response);
    if (error.status !== 401 || quiet) throw error;
    if (key === currentKey() && !(await askForKey({ wrong: wrong || Boolean(key), key }))) throw error;
  }
}

/** The JSON of an answer. */
export async function askJson(path, init) {
  return (await ask(path, init)).json();
}

/** The same with a JSON body. */
export function post(path, body, init = {}) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...init });
}

async function send(path, init, key) {
  const headers = new Headers(init.headers);
  if (key) headers.set("Authorization", `Bearer ${key}`);
  try {
    return await fetch(path, { ...init, headers });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new ApiError("unreachable", "The gateway gave no answer.");
  }
}

async function errorOf(response) {
  const facts = { status: response.status, retryAfter: Number(response.headers.get("Retry-After")) || 0 };
  try {
    const { error } = await response.json();
    return new ApiError(error.code, error.message, { ...facts, details: error.details, requestId: error.request_id });
  } catch {
    return new ApiError("unreachable", `The answer was ${response.status}, and not the gateway's own.`, facts);
  }
}
