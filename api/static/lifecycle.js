// The states that a job, a batch or a run has been in, each with its time.
import { chip } from "./chips.js";
import { h } from "./elements.js";
import { duration, moment, secondsBetween } from "./times.js";

/** Of anything with `status`, `created_at`, `started_at` and `ended_at`. */
export function lifecycle(job) {
  const steps = [["queued", job.created_at, job.started_at ?? job.ended_at]];
  if (job.started_at) steps.push(["running", job.started_at, job.ended_at]);
  if (job.ended_at) steps.push([job.status, job.ended_at, null]);
  const step = ([state, from, to]) => h("li", { class: to || state === job.status && job.ended_at ? null : "now" }, chip(state), " ", moment(from),
    to && h("span", { class: "soft" }, ` for ${duration(secondsBetween(from, to))}`));
  return h("section", { "aria-labelledby": "states-title" }, h("h2", { id: "states-title", class: "away" }, "States"), h("ol", { class: "states" }, steps.map(step)),
    job.error && h("div", { class: "problem" }, h("p", {}, job.error.message),
      h("p", { class: "soft" }, h("a", { href: `/problems/${job.error.code}` }, job.error.code))));
}
