// A run and its figures, in the words of its report.
import { chip } from "../chips.js";
import { named, percent } from "../compare/words.js";
import { h } from "../elements.js";
import { duration, moment, secondsBetween } from "../times.js";

export const runLink = (id) => h("a", { href: `/evaluations/${id}` }, h("code", {}, id));
export const isOpen = (run) => run.ended_at === null;

/** How far an open run is; how long an ended one took. */
export function progress(run) {
  const parts = [chip(run.status)];
  if (isOpen(run))
    parts.push(` ${run.images_done} of ${run.images} images`, h("progress", { max: run.images, value: run.images_done, "aria-label": `Images of ${run.dataset} that are done` }));
  else if (run.started_at) parts.push(h("span", { class: "soft" }, ` in ${duration(secondsBetween(run.started_at, run.ended_at))}`));
  return parts;
}

/** `39 of 3000: 0.85 % to 1.89 %`, or why there is no figure; over people where it is known who is on the images. */
export function rate(found, { brief = false } = {}) {
  if (!found) return "–";
  if (found.insufficient_data) return brief ? h("span", { class: "soft", title: found.insufficient_data }, "insufficient data") : h("span", { class: "soft" }, `Insufficient data: ${found.insufficient_data}.`);
  const ends = found.over_people ?? found;
  return [`${found.errors} of ${found.trials}`, h("span", { class: "soft" }, `: ${percent(ends.low)} to ${percent(ends.high)}`),
    brief ? null : h("span", { class: "soft" }, `, 95 % confidence, over ${found.over_people ? "people" : "pairs, taken for independent"}`)];
}

/** FNMR at the lowest FMR that the sample carries, with which one. */
export function atFmr(summary, options) {
  const point = summary?.fnmr_at_fmr;
  if (!point || point.insufficient_data) return rate(point, options);
  return [rate(point.fnmr, options), h("span", { class: "soft" }, ` at FMR ${named(point.target)}`)];
}

export const accuracy = (summary) => {
  const found = summary?.accuracy_10fold;
  return found?.mean === undefined ? "–" : `${(100 * found.mean).toFixed(2)} % ± ${(100 * found.std).toFixed(2)}`;
};

/** The columns of a table of runs; `choose` adds a box to each that has figures. */
export const columns = (choose) => [
  { name: "Side by side", cell: (run) => (run.summary ? h("input", { type: "checkbox", value: run.id, "aria-label": `Put run ${run.id} side by side with others`, onchange: choose }) : "–") },
  { name: "Run", cell: (run) => runLink(run.id) },
  { name: "Data set", cell: (run) => run.dataset },
  { name: "Pack", cell: (run) => h("span", {}, run.pack, h("span", { class: "soft" }, ` ${run.policy.replaceAll("_", " ")}, ${run.detection_size} px${run.flip ? ", flip" : ""}`)) },
  { name: "State", cell: (run) => h("span", {}, progress(run)) },
  { name: "FNMR", cell: (run) => h("span", {}, atFmr(run.summary, { brief: true })) },
  { name: "Accuracy, 10-fold", cell: (run) => accuracy(run.summary) },
  { name: "Created", cell: (run) => moment(run.created_at) },
];
