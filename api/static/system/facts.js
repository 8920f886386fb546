// What everybody may know of a deployment, and of themselves.
import { chip } from "../chips.js";
import { facts, h } from "../elements.js";
import { table } from "../tables.js";
import { duration, moment } from "../times.js";

const NAMES = { job_store: "Redis", object_store: "Object store", worker: "Worker" };
const UNKNOWN = () => h("p", { class: "soft" }, "Not known: Redis does not answer.");

/** What `/ready` looks at. */
export const checks = (found) => table("Stores and workers", [
  { name: "Part", cell: ([name]) => NAMES[name] ?? name },
  { name: "State", cell: ([, check]) => verdict(check.ok ? "ok" : "fail") },
  { name: "Found", cell: ([, check]) => check.detail },
], Object.entries(found), { key: ([name]) => name });

/** A verdict of the doctor's, in the colours of states. */
export const verdict = (found) => ({ ok: chip("ok"), warn: chip("warning"), fail: chip("failed") })[found];

/** What comparisons are computed with. */
export function engines(found) {
  if (!found) return UNKNOWN();
  if (!found.length) return h("p", { class: "warned" }, "No worker holds a pack.");
  return table("Packs in memory", [
    { name: "Pack", cell: (engine) => engine.pack },
    { name: "Digest", cell: (engine) => h("code", { title: engine.pack_digest }, engine.pack_digest.slice(0, 12)) },
    { name: "Provider", cell: (engine) => engine.provider },
    { name: "Workers", cell: (engine) => engine.workers, numeric: true },
  ], found);
}

const LIMITS = { requests_per_minute: "Requests a minute", comparisons_per_day: "Comparisons a day", queued: "Comparisons that wait", open_batches: "Open batches" };

/** Who asks, what that key may do, and what is left of it. */
export function key(me) {
  const limits = Object.entries(me.limits).map(([name, { limit, remaining, reset_s: reset }]) => [LIMITS[name] ?? name,
    limit === null ? "no limit" : `${remaining} of ${limit} left${reset === null ? "" : `, more in ${duration(reset)}`}`]);
  return facts([
    me.key ? ["Key", h("code", {}, me.key.id), me.key.name ? ` ${me.key.name}` : null, me.key.expires_at ? [", until ", moment(me.key.expires_at)] : null]
      : ["Keys", "are off: whoever reaches this API may do everything. ", h("code", {}, "LIKENESS_AUTH=on"), " turns them on."],
    ["Scopes", me.scopes.join(", ")], ["Sees", me.sees === "all" ? "everybody's jobs" : "its own jobs"], ...limits,
  ]);
}

/** What the caller has queued and running. */
export function own(found) {
  if (!found) return UNKNOWN();
  return facts(Object.entries(found).map(([name, open]) => [name[0].toUpperCase() + name.slice(1), waiting(open)]));
}

/** How many wait and run, and for how long the oldest has. */
export function waiting(open) {
  const since = (seconds) => (seconds === null ? "" : `, the oldest for ${duration(seconds)}`);
  return `${open.queued} queued${since(open.queued_oldest_s)}; ${open.running} running${since(open.running_oldest_s)}`;
}
