import { call, fetched, Problem } from "../api.js";
import { asked } from "../dialogs.js";
import { announce, byId, facts, h, show } from "../elements.js";
import { figures } from "../evaluations/figures.js";
import { isOpen, progress } from "../evaluations/runs.js";
import { follow } from "../following.js";
import { keysAreOn, withKey } from "../key.js";
import { idOfPage } from "../opening.js";
import { problemNote } from "../problems.js";
import { moment } from "../times.js";

const EVERY_S = 1;
const here = `/v1/evaluations/${encodeURIComponent(idOfPage())}`;
const FILES = [["json", "report.json"], ["csv", "scores.csv"], ["images", "images.csv"]];
let following = null;

function drawn(run) {
  byId("heading").textContent = `${run.pack} on ${run.dataset}`;
  document.title = `${run.pack} on ${run.dataset} · Likeness`;
  show("run", h("p", { class: "run-status", id: "status" }, progress(run), isOpen(run) ? h("button", { type: "button", onclick: cancel }, "Cancel") : h("button", { type: "button", class: "danger", onclick: () => erase() }, "Erase")),
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
    h("h2", {}, "Report"), h("p", { class: "row" }, page(run), FILES.map(([format, name]) => h("button", { type: "button", onclick: () => download(run, format, name) }, name))),
    h("div", { id: "report-said" }),
    h("h2", {}, "In short"), figures([run], "What the run found"),
    run.summary.caveats?.length ? h("ul", { class: "soft" }, run.summary.caveats.map((one) => h("li", {}, one.text))) : null,
    h("h2", {}, "What to do with it"), facts([
      ["Take its thresholds", h("code", {}, `likeness evaluate calibrate ${run.id}`)],
      ["Compare with another run", h("code", {}, `likeness evaluate compare ${run.id} RUN --html compare.html`), " ", h("a", { href: "/evaluations" }, "All runs")],
      ["Compute it again", h("code", {}, `likeness evaluate recompute scores.csv --threshold ${run.summary.at_threshold.threshold ?? "T"}`)],
    ]),
  ];
}

/** A tab cannot send a key, so where keys are on the page is downloaded; it works from a disk. */
const page = (run) => (keysAreOn() ? h("button", { type: "button", class: "main", onclick: () => download(run, "html", "report.html") }, "Download the report")
  : h("a", { class: "button", href: `${run.urls.report}?format=html`, target: "_blank", rel: "noopener" }, "Open the report"));

async function download(run, format, name) {
  try {
    const url = URL.createObjectURL(await (await fetched(`${run.urls.report}?format=${format}`)).blob());
    h("a", { href: url, download: `${run.id}-${name}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    show("report-said");
    announce(`${name} is downloaded`);
  } catch (problem) {
    show("report-said", problemNote(problem));
  }
}

async function cancel() {
  try {
    await call(`${here}/cancel`, { method: "POST" });
    look();
  } catch (problem) {
    show("run-said", problemNote(problem));
  }
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
  following?.abort();
  show("run-said");
  show("run", h("p", {}, "The run is erased."));
  announce("The run is erased.");
  return byId("main").focus();
}

function look() {
  following?.abort();
  following = new AbortController();
  const { signal } = following;
  let before = null;
  return follow(async () => {
    const run = await call(here, { signal });
    show("run-said");
    drawn(run);
    if (before && before !== run.status) announce(`The run is ${run.status}`);
    before = run.status;
    return isOpen(run) ? EVERY_S : null;
  }, { signal, failed: (problem) => show("run-said", problemNote(problem)) });
}

withKey(look);
