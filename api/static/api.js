// Calls of this API. What goes wrong is a Problem, whether the API says so (RFC 9457) or does not answer.
import { askForKey, key } from "./key.js";

export class Problem extends Error {
  constructor({ status = 0, code, detail, request_id = "", errors = [] }, retryAfterS = 0) {
    super(detail);
    Object.assign(this, { status, code, detail, requestId: request_id, errors, retryAfterS });
  }

  /** Whether the same call may succeed later. */
  get isPassing() { return this.status === 0 || this.status === 429 || this.status === 503; }
}

/** Seconds that an answer asks to be left alone. */
export const retryAfterS = (response) => Number(response.headers.get("Retry-After")) || 0;

/**
 * Make a call; `json` is sent as JSON, `body` as it is. Gives the response, which is a good one. Throws Problem.
 * A key that is missing or no good is asked for anew.
 */
export async function fetched(path, { method = "GET", headers = {}, json, body, signal } = {}) {
  const sent = { ...headers };
  if (key()) sent.Authorization = `Bearer ${key()}`;
  if (json !== undefined) { sent["Content-Type"] = "application/json"; body = JSON.stringify(json); }
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ code: "unreachable", detail: `The API does not answer (${error.message}).` });
  }
  if (response.ok || response.status === 304) return response;
  const problem = new Problem(await problemOf(response), retryAfterS(response));
  if (response.status === 401) askForKey(problem.code === "key_missing" ? "" : `${problem.detail} (${problem.code})`);
  throw problem;
}

/** Make a call, and read its answer. */
export async function call(path, options) {
  const response = await fetched(path, options);
  return response.status === 204 ? null : response.json();
}

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return { status: response.status, code: "not_ours", detail: `HTTP ${response.status}, without a problem document.` };
  }
}
