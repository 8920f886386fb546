import { call, fetched, Problem } from "../api.js";
import { asked } from "../dialogs.js";
import { download } from "../downloads.js";
import { announce, byId, facts, h, show } from "../elements.js";
import { takeThresholds } from "../evaluations/calibrating.js";
import { figures } from "../evaluations/figures.js";
import { framed } from "../evaluations/framed.js";
import { isOpen, progress } from "../evaluations/runs.js";
import { keysAreOn, withKey } from "../key.js";
import { idOfPage } from "../opening.js";
import { problemNote } from "../problems.js";
import { moment } from "../times.js";
import { acting, watching } from "../watching.js";

const here = `/v1/evaluations/${encodeURIComponent(idOfPage())}`;
const FILES = [["json", "report.json"], ["csv", "scores.csv"], ["images", "images.csv"]];
let before = null;

const failed = (problem) => show("run-said", problemNote(problem));
const act = acting(failed);
const watched = watching(here, { draw, failed });

function draw(run) {
  show("run-said");
  if (before && before !== run.status) announce(`The run is ${run.status}`);
  before = run.status;
  byId("heading").textContent = `${run.pack} on ${run.dataset}`;
  document.title = `${run.pack} on ${run.dataset} · Likeness`;
  show("run", h("p", { class: "run-status", id: "status" }, progress(run), isOpen(run) ? h("button", { type: "button", onclick: () => act(cancel) }, "Cancel") : h("button", { type: "button", class: "danger", onclick: () => erase() }, "Erase")),
    run.error ? h("div", { class: "problem" }, h("p", {}, run.error.message), h("p", { class: "soft" }, h("a", { href: `/problems/${run.error.code}` }, run.error.code))) : null,
    run.summary ? results(run) : null,
    h("h2", {}, "What it measured"), facts([
      ["Run", h("code", {}, run.id)], ["Data set", `${run.dataset}, ${run.track}, ${run.pairs} pairs, ${run.images} images`],
      ["Its digest", h("code", {}, run.dataset_digest)], ["Pack", run.pack], ["Face that counts", run.policy.replaceAll("_", " ")],
      ["Detector", `${run.detection_size} pixels a side${run.flip ? ", with the mirrored crop" : ""}`],
      ["Shards", `${run.shards_done} of ${run.shards}`], ["Created", moment(run.created_at)], ["Started", moment(run.started_at)], ["Ended", moment(run.ended_at)],
      run.owner ? ["Key", h("code", {}, run.owner)] : null, run.callback_url ? ["Told to", run.callback_url] : null,
      run.event_id ? ["Event", h("a", { href: `/deliveries/${run.event_id}` }, h("code", {}, run.event_id))] : null,
    ]));
}

function results(run) {
  return [
    h("h2", {}, "Report"), h("p", { class: "row" }, page(run), FILES.map(([format, name]) => saved(run, format, name, name))),
    h("div", { id: "report-said" }), h("div", { id: "report" }),
    h("h2", {}, "In short"), figures([run], "What the run found"),
    run.summary.caveats?.length ? h("ul", { class: "soft" }, run.summary.caveats.map((one) => h("li", {}, one.text))) : null,
    h("h2", {}, "What to do with it"), facts([
      ["Take its thresholds", h("button", { type: "button", onclick: () => reporting(() => take(run)) }, "Use these thresholds ..."), " ", h("span", { class: "soft" }, "for the pack; what changes is said first. ", h("code", {}, `likeness evaluate calibrate ${run.id}`))],
      ["Compare with another run", "Choose both among ", h("a", { href: "/evaluations" }, "all runs"), ". ", h("span", { class: "soft" }, h("code", {}, `likeness evaluate compare ${run.id} RUN --html compare.html`))],
      ["Compute it again", h("code", {}, `likeness evaluate recompute scores.csv --threshold ${run.summary.at_threshold.threshold ?? "T"}`)],
    ]),
  ];
}

/** A link cannot carry a key, so where keys are on the report is fetched with it, and shown here. */
const page = (run) => [keysAreOn() ? h("button", { type: "button", class: "main", onclick: () => reporting(() => open(run)) }, "Open the report")
  : h("a", { class: "button", href: `${run.urls.report}?format=html`, target: "_blank", rel: "noopener" }, "Open the report"),
saved(run, "html", "report.html", "Download the report")];

const saved = (run, format, name, title) => h("button", { type: "button", onclick: () => reporting(async () => {
  await download(`${run.urls.report}?format=${format}`, `${run.id}-${name}`);
  announce(`${name} is downloaded`);
}) }, title);

const reporting = acting((problem) => show("report-said", problemNote(problem)));

async function open(run) {
  const frame = await framed(await fetched(`${run.urls.report}?format=html`), "The report");
  const close = h("button", { type: "button", onclick: () => { show("report"); byId("run").querySelector("button.main").focus(); } }, "Close the report");
  show("report-said");
  show("report", h("p", {}, close), frame);
  frame.scrollIntoView({ block: "nearest" });
  frame.focus();
}

async function take(run) {
  show("report-said");
  const taken = await takeThresholds(run, { waiting: () => show("report-said", h("p", { class: "soft" }, "The evaluator works them out ...")) });
  show("report-said", taken && h("p", { class: "note", role: "status" }, `The pack ${taken.pack} has the thresholds of this run now. `, h("a", { href: "/packs" }, "What they are worth")));
}

async function cancel() {
  await call(`${here}/cancel`, { method: "POST" });
  watched.begin();
}

/** A run on which a pack's thresholds rest is erased only when that is said once more. */
async function erase(inUse = "") {
  const explained = inUse || "Its record, its report and its score files are gone for good. The data set stays, and so do embeddings that other runs use.";
  if (!await asked(inUse ? "Erase it all the same?" : "Erase this run?", { explained, yes: "Erase it", no: "Keep it" })) return;
  try {
    await call(`${here}${inUse ? "?force=true" : ""}`, { method: "DELETE" });
  } catch (problem) {
    if (problem instanceof Problem && problem.code === "run_in_use" && !inUse) return erase(problem.detail);
    return show("run-said", problemNote(problem));
  }
  watched.stop();
  show("run-said");
  show("run", h("p", {}, "The run is erased."));
  announce("The run is erased.");
  return byId("main").focus();
}

withKey(watched.begin);
