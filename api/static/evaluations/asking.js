// What the evaluator works out: asked for until it is there, as the API tells.
import { fetched, retryAfterS } from "../api.js";
import { pause } from "../following.js";

const HELD_S = 10;

/** The response once it is there; `waiting` is called where it is not at once. Throws Problem. */
export async function workedOut(path, { signal, waiting = () => {} } = {}) {
  for (;;) {
    const response = await fetched(`${path}${path.includes("?") ? "&" : "?"}wait=${HELD_S}`, { signal });
    if (response.status !== 202) return response;
    waiting();
    await pause(retryAfterS(response) || 1, signal);
    signal?.throwIfAborted();
  }
}
