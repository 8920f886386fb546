// Looking again at what changes: never sooner than the API says, and not while nobody is looking.

export const seen = () => document.visibilityState === "visible";

/** Resolves after so many seconds, and then once the tab is looked at. */
export async function pause(seconds, signal) {
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
  if (!seen() && !signal?.aborted)
    await new Promise((resolve) => {
      document.addEventListener("visibilitychange", resolve, { once: true });
      signal?.addEventListener("abort", resolve, { once: true });
    });
}

/**
 * Call `look` again and again until it gives null or `signal` is aborted; it gives the seconds to wait before the next
 * time. Where it throws a Problem that may pass, wait for what its Retry-After says, at least `patienceS`, and tell
 * `failed`; any other ends it.
 */
export async function follow(look, { signal, failed = () => {}, patienceS = 5 } = {}) {
  while (!signal?.aborted) {
    let next;
    try {
      next = await look();
    } catch (problem) {
      if (signal?.aborted || problem.name === "AbortError") return;
      failed(problem);
      if (!problem.isPassing) return;
      next = Math.max(problem.retryAfterS, patienceS);
    }
    if (next === null) return;
    await pause(next, signal);
  }
}
