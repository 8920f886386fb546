// What a run has found, as a table: of one run, or of several side by side.
import { h } from "../elements.js";
import { accuracy, atFmr, rate, runLink } from "./runs.js";

const at = (name) => (run) => {
  const fixed = run.summary.at_threshold;
  return fixed.insufficient_data ? rate(fixed) : rate(fixed[name]);
};
/** What several runs may differ in. */
const WHAT = [
  ["Data set", (run) => run.dataset],
  ["Pack", (run) => run.pack],
  ["Face that counts", (run) => run.policy.replaceAll("_", " ")],
  ["Detector", (run) => `${run.detection_size} pixels${run.flip ? ", flip" : ""}`],
];
const FOUND = [
  ["FNMR at the lowest FMR that the sample carries", (run) => atFmr(run.summary)],
  ["The same, with failures to acquire as errors", (run) => (run.summary.fnmr_at_fmr.insufficient_data ? "–" : rate(run.summary.fnmr_at_fmr.fnmr_with_fta))],
  ["The pack's threshold", (run) => run.summary.at_threshold.threshold ?? "–"],
  ["FMR there", at("fmr")],
  ["FNMR there", at("fnmr")],
  ["FNMR there, with failures to acquire as errors", at("fnmr_with_fta")],
  ["Failures to acquire", (run) => `${run.summary.fta.images} of ${run.images} images`],
  ["Accuracy, 10-fold", (run) => accuracy(run.summary)],
  ["People", (run) => run.summary.worth?.people ?? rate(run.summary.worth)],
];

/** Figures in rows, runs in columns. */
export function figures(runs, caption) {
  const several = runs.length > 1;
  return h("div", { class: "scroll", tabindex: several ? "0" : null, role: several ? "region" : null, "aria-label": several ? caption : null },
    h("table", { class: "figures" }, h("caption", { class: "away" }, caption),
      several ? h("thead", {}, h("tr", {}, h("td", {}), runs.map((run) => h("th", { scope: "col" }, runLink(run.id))))) : null,
      h("tbody", {}, [...(several ? WHAT : []), ...FOUND].map(([name, cell]) => h("tr", {}, h("th", { scope: "row" }, name), runs.map((run) => h("td", {}, cell(run))))))));
}
