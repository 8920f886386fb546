// What became of a comparison, for people.
import { chip } from "../chips.js";
import { facts, h } from "../elements.js";
import { table } from "../tables.js";
import { duration, moment, secondsBetween } from "../times.js";
import { drawCrop } from "./aligned.js";
import { axis } from "./axis.js";
import { fits } from "./marks.js";
import { SIDES } from "./photographs.js";
import { measured, named, percent, remedy, told } from "./words.js";
import { worth } from "./worth.js";

/** The headline: in words, for the eye and for a screen reader. */
export function headline(job) {
  if (job.outcome === "compared")
    return { kind: job.decision, title: job.decision === "match" ? "Match" : "Non-match",
      text: `The score ${job.score.toFixed(4)} is ${job.decision === "match" ? "at or above" : "below"} the threshold ${Number(job.threshold.toFixed(4))}.` };
  if (job.outcome === "not_acquired") return { kind: "not_acquired", title: "Not compared", text: "No usable face was acquired, so nothing was compared. That is a result, and no failure." };
  return { kind: job.status, title: job.status === "cancelled" ? "Cancelled" : "Failed", text: job.error?.message ?? "Nothing was compared." };
}

/** The whole answer; `sides` are the photographs, `calibration` what `/v1/packs/{pack}/calibration` said, or null. */
export function answer(job, sides, calibration) {
  const { kind, title, text } = headline(job);
  return [
    h("div", { id: "verdict" }, h("h2", { class: `decision ${kind}` }, title),
      h("p", {}, text, job.error ? [" ", h("a", { href: `/problems/${job.error.code}` }, job.error.code)] : null),
      job.outcome === "compared" ? drawn(job, calibration) : null),
    job.outcome === "compared" ? standing(job, calibration) : null,
    job.outcome === "not_acquired" ? reasons(job) : null,
    seen(job, sides),
    h("h3", {}, "How it came about"),
    provenance(job),
    h("details", {}, h("summary", {}, "The whole answer as JSON"), h("pre", { tabindex: "0" }, JSON.stringify(job, null, 2))),
  ];
}

/** The scores of the run, if it speaks of this score, and they are the pack's still. */
const scoresOf = (job, calibration) =>
  (job.calibration?.fits && calibration?.calibration?.run_id === job.calibration.run_id ? calibration.scores : null);

const drawn = (job, calibration) => axis({ scores: scoresOf(job, calibration), score: job.score, threshold: job.threshold, says: `${headline(job).text} ${job.calibration?.detail ?? ""}` });

function standing(job, calibration) {
  const points = job.calibration?.points ?? [];
  return [
    scoresOf(job, calibration) ? h("p", { class: "soft" }, "Behind the score: how the mated and the non-mated pairs of the run that calibrated this pack scored. Shaded: what is a match.") : null,
    worth(job, calibration),
    points.length ? h("details", {}, h("summary", {}, "Every false match rate that the run was asked for"), pointTable(points, job.score)) : null,
  ];
}

/** The calibrated points; with a score, on which side of each it is. */
export function pointTable(points, score = null) {
  return table("Calibrated thresholds", [
    { name: "FMR at most", cell: (point) => named(point.target), numeric: true },
    { name: "Threshold", cell: (point) => (point.threshold === null ? "refused" : point.threshold.toFixed(4)), numeric: true },
    { name: "False matches", cell: (point) => (point.threshold === null ? point.refused : `${point.errors} of ${point.trials}`) },
    { name: "So at most, with 95 % confidence", cell: (point) => (point.threshold === null ? "–" : percent(point.high)), numeric: true },
    ...(score === null ? [] : [{ name: "This score", cell: (point) => (point.threshold === null ? "–" : chip(score >= point.threshold ? "match" : "non_match")) }]),
  ], points);
}

const reasons = (job) => h("ul", { class: "reasons" }, job.reasons.map(({ side, reason, detail }) =>
  h("li", {}, h("strong", {}, `The ${side}: ${told(reason)}.`), ` ${remedy(reason)} `, h("span", { class: "soft" }, `(${detail})`))));

/** Each side: its crop, what is wrong with it, how it was seen. */
function seen(job, sides) {
  const known = SIDES.filter((side) => job.seen[side]);
  if (!known.length) return null;
  const crops = known.filter((side) => canCrop(sides[side]?.image, job.seen[side]));
  return [
    h("h3", {}, "What was seen"),
    h("div", { class: "sides" }, known.map((side) => h("section", { class: "seen" },
      h("h4", {}, side[0].toUpperCase() + side.slice(1)),
      crops.includes(side) ? crop(sides[side].image, job.seen[side], side) : null,
      warnings(job, side), liveness(job.pad[side]), how(job, side, Boolean(sides[side]))))),
    crops.length ? h("p", { class: "soft" }, "The crops are drawn by this browser from the five landmarks, as an approximation of the 112 x 112 pixels that the engine cuts for its recogniser.") : null,
  ];
}

const canCrop = (image, seen) => Boolean(image?.naturalWidth && seen.landmarks && fits(image, seen));

function crop(image, seen, side) {
  const canvas = h("canvas", { class: "crop", role: "img", "aria-label": `The ${side}'s face, aligned` });
  const share = image.naturalWidth / seen.width;
  drawCrop(canvas, image, Object.fromEntries(Object.entries(seen.landmarks).map(([name, [x, y]]) => [name, [x * share, y * share]])), 2);
  return canvas;
}

function warnings(job, side) {
  const { warnings: found, faces_found: faces } = job.seen[side], used = job.seen[side].measures;
  if (found.length) return h("ul", { class: "warnings" }, found.map((name) => h("li", {}, `${told(name)[0].toUpperCase()}${told(name).slice(1)}. `, h("span", { class: "soft" }, remedy(name)))));
  return h("p", { class: "soft" }, used ? "Nothing to be said against the photograph." : faces ? "No face was chosen." : "No face.");
}

function liveness(pad) {
  if (!pad) return null;
  const verdict = { bona_fide: "Bona fide: nothing that looks like a print or a screen.", attack: "Looks like a presentation attack: a print or a screen.", not_judged: `Liveness was not judged: ${pad.detail ?? pad.reason}.` }[pad.verdict];
  const numbers = pad.score === null ? "" : ` Liveness score ${pad.score.toFixed(3)}, threshold ${pad.threshold}.`;
  return h("p", { class: pad.verdict === "attack" ? "warnings" : null }, verdict, h("span", { class: "soft" }, `${numbers} Masks, deep fakes and injected streams are not looked for.`));
}

function how(job, side, isDrawnOn) {
  const view = job.seen[side], face = job.faces[side];
  const turned = face?.turned_deg ? ` The engine turned it by ${face.turned_deg}° clockwise to see the face upright${isDrawnOn ? "; what is drawn is on the photograph as you sent it" : ""}.` : "";
  return h("p", { class: "soft" }, `${view.width} x ${view.height} pixels, ${view.faces_found === 1 ? "one face" : `${view.faces_found} faces`}.${turned} ${view.measures ? measured(view.measures) : ""}`);
}

function provenance(job) {
  const { total, ...steps } = job.timings_ms;
  return facts([
    ["Job", h("a", { href: `/jobs/${job.id}` }, h("code", {}, job.id)), " ", chip(job.status)],
    ["Pack", job.pack, job.pack_digest ? [" ", h("code", { title: job.pack_digest }, job.pack_digest.slice(0, 12))] : null, job.provider ? ` on ${job.provider}` : null],
    ["Face that counts", job.policy.replaceAll("_", " "), job.detection_size ? `, detector at ${job.detection_size} pixels, detection score at least ${job.detection_threshold}` : null],
    ["Quality warnings", job.quality === "require" ? "stop the comparison" : "are told"],
    ["Liveness", { off: "is not judged", report: "is told", require: "must be bona fide" }[job.liveness], job.liveness_sides ? `, of ${job.liveness_sides === "both" ? "both" : "the probe"}` : null],
    ["Created", moment(job.created_at)],
    job.ended_at ? ["From created to ended", duration(secondsBetween(job.created_at, job.ended_at)), job.attempts > 1 ? `, in ${job.attempts} attempts` : null] : null,
    Object.keys(steps).length ? ["Milliseconds", Object.entries(steps).map(([step, ms]) => `${step} ${Math.round(10 * ms) / 10}`).join(", "), total ? ` (the engine ${Math.round(total)} in all; both sides' steps are added up, and may have run at once)` : null] : null,
  ]);
}
