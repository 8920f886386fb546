// What became of a comparison, from its document, for people: docs/api.md says what each member is.
import { chip, word } from "./chips.js";
import { facts, h, svg } from "./elements.js";

const WARNINGS = {
  extreme_pose: "the head is turned away", blurred: "the face is blurred", too_dark: "the face is too dark",
  overexposed: "the face is overexposed", low_resolution: "the face is too small to show detail",
  face_cut_off: "part of the face is cut off",
};
const VERDICTS = { bona_fide: "taken for a living face", attack: "taken for a print or a screen", not_judged: "not judged" };

/** A share in percent, with as many digits as it needs. */
export const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

/** The decision and what it rests on. */
export function outcome(job) {
  if (job.outcome === "compared")
    return h("div", { class: "outcome" }, h("p", { class: "decision" }, chip(job.decision)), scale(job),
      h("p", {}, `Score ${job.score.toFixed(4)} on a scale from −1 to 1; at or above the threshold ${job.threshold} is a match.`),
      warnings(job));
  if (job.outcome === "not_acquired")
    return h("div", { class: "outcome" }, h("p", { class: "decision" }, chip("not_acquired")),
      h("p", {}, "Nothing was compared: a photograph gave no usable face."),
      h("ul", {}, job.reasons.map((one) => h("li", {}, `${one.side}: ${one.detail} `, h("code", {}, one.reason)))));
  return h("div", { class: "outcome" }, h("p", { class: "decision" }, chip(job.status)));
}

/** What is to be said of a batch's row beside its score. */
export function outcomeOfRow(row) {
  if (row.error) return `${row.error.code}: ${row.error.message}`;
  if (row.reasons.length) return row.reasons.map((one) => `${one.side}: ${one.detail}`).join("; ");
  return Object.entries(row.seen).flatMap(([side, seen]) => seen.warnings.map((name) => `${side}: ${WARNINGS[name] ?? word(name)}`)).join("; ") || "–";
}

function warnings(job) {
  const found = Object.entries(job.seen).filter(([, seen]) => seen.warnings.length);
  if (!found.length) return null;
  return h("ul", { class: "warnings" }, found.map(([side, seen]) =>
    h("li", {}, `${side}: ${seen.warnings.map((name) => WARNINGS[name] ?? word(name)).join("; ")}`)));
}

function scale(job) {
  const at = (value, name, ...content) => {
    const mark = h("span", { class: name }, ...content);
    mark.style.left = `${50 * (value + 1)}%`;
    return mark;
  };
  const label = `Score ${job.score.toFixed(4)}, threshold ${job.threshold}, on an axis from −1 to 1`;
  const accepted = at(job.threshold, "accepted");
  accepted.style.right = "0";
  return h("div", { class: "axis", role: "img", "aria-label": label }, accepted,
    at(job.threshold, "threshold", h("span", {}, `threshold ${job.threshold}`)), at(job.score, `score ${job.decision}`),
    [-1, -0.5, 0, 0.5, 1].map((tick) => at(tick, "tick", String(tick).replace("-", "−"))));
}

/** Where the threshold comes from, and what it stands for. */
export function thresholdMeaning(job) {
  const calibrated = job.calibrated_fmr, standing = job.calibration;
  const fmr = (one) => `${one.errors} of ${one.trials} non-mated pairs, so an FMR of at most ${percent(one.high)} with 95 % confidence`;
  return h("section", { "aria-labelledby": "meaning" }, h("h2", { id: "meaning" }, "What the threshold stands for"), facts([
    ["Threshold", String(job.threshold)],
    ["Comes from", job.threshold_origin],
    ["It keeps", calibrated ? `${fmr(calibrated)} (run ${calibrated.run_id} on ${calibrated.dataset})`
      : "Not calibrated: no run says which false match rate this threshold keeps."],
    standing && ["This score", standing.detail],
    ...(standing?.points ?? []).map((point) => [`FMR at most ${percent(point.target)}`, point.threshold === null
      ? `refused: ${point.refused}` : `from ${point.threshold.toFixed(4)} on; ${fmr(point)}`]),
  ]), standing && h("p", { class: "soft" }, "Counts of that run's pairs. They are no probability that two photographs show one person."));
}

/** What was seen in each photograph, which is not kept: its frame, the faces in it, and their measures. */
export function whatWasSeen(job) {
  const sides = ["reference", "probe"].filter((side) => job.seen[side]);
  if (!sides.length) return null;
  return h("section", { "aria-labelledby": "seen" }, h("h2", { id: "seen" }, "What was seen"),
    h("p", { class: "soft" }, "The photographs are not kept, and no embedding is. This is what is known of them."),
    h("div", { class: "sides" }, sides.map((side) => h("div", {}, h("h3", {}, side), frame(side, job.seen[side]), seenFacts(job, side)))));
}

function frame(side, seen) {
  const unit = Math.max(seen.width, seen.height) / 100;
  const label = `The frame of the ${side} with ${seen.faces_found} face${seen.faces_found === 1 ? "" : "s"}`;
  return svg("svg", { viewBox: `0 0 ${seen.width} ${seen.height}`, class: "frame", role: "img", "aria-label": label },
    seen.faces.map(({ box: [left, top, right, bottom], chosen }) => svg("rect", {
      x: left, y: top, width: right - left, height: bottom - top, class: chosen ? "chosen" : "other", "stroke-width": unit * (chosen ? 1.2 : 0.8) })),
    Object.values(seen.landmarks ?? {}).map(([x, y]) => svg("circle", { cx: x, cy: y, r: unit * 1.3 })));
}

function seenFacts(job, side) {
  const seen = job.seen[side], face = job.faces[side], m = seen.measures, pad = job.pad?.[side];
  const turned = (degrees, one, other) => `${Math.abs(degrees)}° ${degrees < 0 ? other : one}`;
  return facts([
    ["Pixels", `${seen.width} × ${seen.height}`],
    ["Faces found", String(seen.faces_found)],
    face && ["Detected", `score ${face.detection_score.toFixed(3)} at ${face.detection_size} pixels${face.turned_deg ? `, turned by ${face.turned_deg}°` : ""}`],
    m && ["Eyes", `${m.inter_eye_distance_px} pixels apart`],
    m && ["Head", `looks ${turned(m.yaw_deg, "to their left", "to their right")} and ${turned(m.pitch_deg, "down", "up")}, leans ${turned(m.roll_deg, "to their right", "to their left")}`],
    m && ["Light and detail", `sharpness ${m.sharpness}, brightness ${m.brightness}, contrast ${m.contrast}`],
    ["Warnings", seen.warnings.length ? seen.warnings.map((name) => WARNINGS[name] ?? word(name)).join("; ") : "none"],
    pad && ["Liveness", `${VERDICTS[pad.verdict] ?? pad.verdict}${pad.score === null ? "" : `, score ${pad.score.toFixed(3)} against ${pad.threshold}`}${pad.detail ? `: ${pad.detail}` : ""}`],
  ]);
}

/** On what terms it was compared, by what, and how long each step took. */
export function termsOf(job) {
  const ms = Object.entries(job.timings_ms ?? {});
  return h("section", { "aria-labelledby": "terms" }, h("h2", { id: "terms" }, "Terms"), facts([
    ["Pack", job.pack],
    job.pack_digest && ["Its digest", h("code", {}, job.pack_digest)],
    job.provider && ["Computed on", job.provider],
    ["Which face", word(job.policy)],
    ["Quality", job.quality],
    job.liveness && ["Liveness", job.liveness_sides ? `${job.liveness}, ${job.liveness_sides}` : job.liveness],
    job.attempts > 1 && ["Attempts", String(job.attempts)],
    job.owner && ["Key", h("code", {}, job.owner)],
    ...Object.entries(job.metadata ?? {}).map(([name, value]) => [name, value]),
    job.callback_url && ["Told to", job.callback_url],
    job.event_id && ["Event", h("a", { href: `/deliveries/${job.event_id}` }, h("code", {}, job.event_id))],
    ms.length && ["Milliseconds", ms.map(([step, took]) => `${step} ${took}`).join(", ")],
  ]));
}
