// What a score and a threshold stand for: counts of the run that calibrated the pack, and what they show.
import { h } from "../elements.js";
import { named, percent } from "./words.js";

/** A sentence that names a run, which is then a link. */
function linked(text, runId) {
  const [before, ...after] = text.split(runId);
  return after.length ? [before, h("a", { href: `/evaluations/${runId}` }, h("code", {}, runId)), after.join(runId)] : text;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.:]$/.test(text) ? "" : "."}`;
const four = (value) => Number(value.toFixed(4));

/** Of the points that a run has shown, the strictest that a threshold keeps; undefined where it keeps none. */
const kept = (points, threshold) =>
  points.filter((point) => point.threshold !== null && point.threshold <= threshold).sort((one, other) => one.target - other.target)[0];

/** What errors a threshold makes among a run's pairs. */
export function costs(point) {
  return `At the threshold ${four(point.threshold)}, of the run's ${point.non_mated} non-mated pairs ${point.false_matches} match ` +
    `(false matches), and of its ${point.mated} mated pairs ${point.false_non_matches} do not (false non-matches).`;
}

/** What a threshold promises, by the run's points. */
export function promise(points, threshold) {
  const point = kept(points, threshold);
  if (!point) return "The threshold is below every one for which the run could show a false match rate: it promises none.";
  return `So with 95 % confidence at most ${named(point.target)} of non-mated pairs like these score as high as the threshold: ` +
    `at ${four(point.threshold)} and above, ${point.errors} of ${point.trials} did, at most ${percent(point.high)}.`;
}

/** Paragraphs about a compared job; `told` is the pack's calibration as it is now, with the errors at the job's threshold. */
export function worth(job, told) {
  const standing = job.calibration;
  const origin = h("p", { class: "soft" }, `The threshold ${four(job.threshold)} is from: ${job.threshold_origin}.`);
  if (!standing)
    return [h("p", {}, "No run has calibrated this pack here, so nothing says how often such a score comes about, or what the threshold stands for. ",
      h("a", { href: "/evaluations" }, "Evaluate it"), ", then take the thresholds of the run on its page."), origin];
  if (!standing.fits) return [h("p", {}, sentence(standing.detail)), origin];
  const isNow = told?.calibration?.run_id === standing.run_id;
  const asked = job.calibrated_fmr;
  return [
    h("p", { class: "standing" }, linked(sentence(standing.detail), standing.run_id)),
    isNow && told.operating_point ? h("p", {}, costs(told.operating_point)) : null,
    asked ? h("p", {}, `You asked for an FMR of at most ${named(asked.target_fmr)}: ${asked.errors} of ${asked.trials} non-mated pairs match there, so with 95 % confidence at most ${percent(asked.high)} of such pairs do.`)
      : standing.points.length ? h("p", {}, promise(standing.points, job.threshold)) : null,
    h("p", { class: "soft" }, `These are counts of that run's pairs. They are no probability that two photographs show one person: that depends on who sends you photographs.`),
    origin,
  ];
}
