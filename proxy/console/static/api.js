// Questions to the admin listener. Answers are JSON; what is wrong comes as Refused with a sentence.

import { session } from "./session.js";

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

/** While the tables are written anew, as after an erasure, the listener says 503: ask again in a second. */
const AGAIN_MS = 1000;
const AGAIN_MOST = 8;

let signedOut = () => {};
/** Called when a token is missing or does not count any more. */
export function onSignedOut(callback) { signedOut = callback; }

/**
 * ask("/v1/find", {query: {limit: 10}, reason: "ticket 7", signal, method, body}).
 * `bytes`: the answer as a Blob.
 */
export async function ask(path, { query, reason, signal, method = "GET", body, bytes } = {}) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const headers = { Authorization: `Bearer ${session.token}` };
  if (reason) headers["Audit-Reason"] = `UTF-8''${encodeURIComponent(reason)}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  for (let turn = 0; ; turn += 1) {
    try {
      answer = await fetch(url, { method, headers, signal, cache: "no-store", credentials: "omit",
        body: body === undefined ? undefined : JSON.stringify(body) });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "the proxy does not answer: is it running?");
    }
    if (answer.status !== 503 || method !== "GET" || turn === AGAIN_MOST) break;
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
  if (answer.status === 401) signedOut();
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, told.error ?? `the proxy answered ${answer.status}`);
  }
  return bytes ? answer.blob() : answer.json();
}

/** An id in a path. */
export const part = (text) => encodeURIComponent(text);
