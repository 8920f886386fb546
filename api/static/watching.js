// Following a job, a batch or a run to its end, as the API tells it: by server-sent events while the reader looks, and by
// asking again, as Retry-After has it, where none can be had.
import { fetched, retryAfterS } from "./api.js";
import { follow, seen } from "./following.js";

/** Without a Retry-After; and for how long events are not asked for again where there was no place to wait for them. */
const EVERY_S = 2, NO_PLACE_S = 15;
/** The API says something at once, and every 15 s: what is silent longer is kept back on its way, or dead. */
const FIRST_S = 5, SILENT_S = 45;

/**
 * `path`: of the API. `draw(document)` is called with each state that is a new one; `failed(problem)` where one could not
 * be had. Gives { begin, stop }; `begin` looks at once, also where it has begun.
 */
export function watching(path, { draw, failed }) {
  let current = new AbortController();
  return {
    begin() {
      current.abort();
      current = new AbortController();
      return watch(path, { draw, failed, signal: current.signal });
    },
    stop: () => current.abort(),
  };
}

/** The same until `signal` is aborted. */
export function watch(path, { draw, failed, signal }) {
  let drawn = "", told = null, streamsFrom = 0;

  /** Whether it goes on. */
  async function tell(state) {
    const text = JSON.stringify(state);
    if (text !== drawn) await draw(state);
    drawn = text;
    return state.ended_at === null;
  }

  /** Seconds until it is looked at again; null where it has ended; undefined where there are no events. */
  async function byEvents() {
    const response = await stream();
    if (!response) return undefined;
    let heard = false;
    for await (const event of eventsOf(response, signal)) {
      heard = true;
      told = event.id ?? told;
      if (event.data !== undefined && !await tell(JSON.parse(event.data))) return null;
    }
    if (heard) return 1; // it is over after some minutes, and left where nobody looks
    if (seen()) streamsFrom = Infinity; // something on the way keeps it back
    return undefined;
  }

  /** The answer whose body comes bit by bit; null where it does not begin, or nothing new is to come. */
  async function stream() {
    const headers = { Accept: "text/event-stream", ...(told && { "Last-Event-ID": told }) };
    const opening = new AbortController(), timer = setTimeout(() => opening.abort(), 1000 * FIRST_S);
    try {
      const response = await fetched(`${path}/events`, { headers, signal: AbortSignal.any([opening.signal, ...(signal ? [signal] : [])]) });
      return response.status === 200 ? response : null;
    } catch (problem) {
      if (problem.code === "no_place_to_wait") streamsFrom = performance.now() + 1000 * Math.max(NO_PLACE_S, problem.retryAfterS);
      else if (opening.signal.aborted && !signal?.aborted) streamsFrom = Infinity; // the same
      else throw problem;
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  return follow(async () => {
    if (performance.now() >= streamsFrom) {
      const next = await byEvents();
      if (next !== undefined || signal?.aborted) return next;
    }
    const response = await fetched(path, { signal });
    return await tell(await response.json()) ? retryAfterS(response) || EVERY_S : null;
  }, { signal, failed: (problem) => { drawn = ""; failed(problem); } });
}

/** The events of a stream, `{ id, data }`, to its end. It keeps a place at the API, so it is left when nobody looks. */
async function* eventsOf(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const leave = () => reader.cancel().catch(() => {});
  const leaveUnseen = () => { if (!seen()) leave(); };
  document.addEventListener("visibilitychange", leaveUnseen);
  signal?.addEventListener("abort", leave);
  let text = "", timer = setTimeout(leave, 1000 * FIRST_S);
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const whole = text.split("\n\n");
      text = whole.pop();
      clearTimeout(timer);
      timer = setTimeout(leave, 1000 * SILENT_S);
      yield* whole.map(fieldsOf);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the connection broke: asked again, it is said so if it stays
  } finally {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", leaveUnseen);
    signal?.removeEventListener("abort", leave);
    leave();
  }
}

/** `id: 3` and `data: {...}` of one event; a line that begins with a colon says nothing. */
function fieldsOf(lines) {
  const found = {};
  for (const line of lines.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) found[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
  }
  return found;
}

/** Does what a button is for, and says where it fails. */
export const acting = (failed) => async (what) => {
  try {
    await what();
  } catch (problem) {
    failed(problem);
  }
};
