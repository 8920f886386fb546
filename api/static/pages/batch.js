import { call } from "../api.js";
import { curlKey, pythonClient, sameCall } from "../calls.js";
import { chip } from "../chips.js";
import { percent, told } from "../compare/words.js";
import { asked } from "../dialogs.js";
import { download } from "../downloads.js";
import { announce, byId, facts, h, show } from "../elements.js";
import { withKey } from "../key.js";
import { lifecycle } from "../lifecycle.js";
import { idOfPage } from "../opening.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";
import { acting, watching } from "../watching.js";

const ROWS = 50;
/** While it goes on its counts come as they change, and its rows so often. */
const ROWS_EVERY_MS = 2000;
const path = `/v1/batches/${encodeURIComponent(idOfPage())}`;
let cursors = [null], rowsAt = -Infinity;

function failed(problem) {
  if (problem.status === 404) show("batch");
  show("problem", problemNote(problem));
}

const act = acting(failed);
const watched = watching(path, { draw, failed });

const hasEnded = (batch) => !["queued", "running"].includes(batch.status);

/** What is to be said of a row beside its score. */
function remarks(row) {
  if (row.error) return `${row.error.code}: ${row.error.message}`;
  if (row.reasons.length) return row.reasons.map((one) => `${one.side}: ${one.detail}`).join("; ");
  return Object.entries(row.seen).flatMap(([side, seen]) => seen.warnings.map((name) => `${side}: ${told(name)}`)).join("; ") || "–";
}

const COLUMNS = [
  { name: "Pair", cell: (row) => row.custom_id },
  { name: "Reference", cell: (row) => row.reference },
  { name: "Probe", cell: (row) => row.probe },
  { name: "Outcome", cell: (row) => chip(row.decision ?? row.outcome) },
  { name: "Score", numeric: true, cell: (row) => row.score?.toFixed(4) ?? "–" },
  { name: "Remarks", cell: remarks },
];

async function draw(batch) {
  const { counts } = batch;
  show("problem");
  byId("heading").replaceChildren("Batch ", h("code", {}, batch.id));
  document.title = `${batch.status}: ${batch.id} · Likeness`;
  announce(`The batch is ${batch.status}: ${counts.done} of ${batch.pairs} pairs are done`);
  show("actions",
    hasEnded(batch) ? null : h("button", { type: "button", onclick: () => act(cancel) }, "Cancel"),
    h("button", { type: "button", class: "danger", onclick: () => act(erase) }, "Erase"));
  show("batch",
    h("p", {}, chip(batch.status), ` ${counts.done} of ${batch.pairs} pairs, ${batch.photographs} photographs`),
    h("progress", { value: counts.done, max: batch.pairs, "aria-label": "Pairs that are done" }),
    h("dl", { class: "figures" }, [["matches", "Matches"], ["non_matches", "Non-matches"], ["not_acquired", "Not acquired"], ["failed", "Failed"]]
      .map(([name, title]) => h("div", {}, h("dt", {}, title), h("dd", {}, String(counts[name]))))),
    lifecycle(batch));
  show("about", terms(batch));
  byId("results").hidden = false;
  show("files", ["csv", "jsonl"].map((form) => h("button", { type: "button", onclick: () => act(() => download(`${path}/results?format=${form}`, `${batch.id}.${form}`)) },
    `Save as ${form === "csv" ? "CSV" : "JSON Lines"}`)));
  show("same-calls", sameCall({
    curl: `curl${curlKey()} '${location.origin}${batch.urls.results}?format=csv'`,
    python: `from likeness import Client\n\nwith ${pythonClient()} as client:\n    client.batches.wait("${batch.id}")\n    for row in client.batches.results("${batch.id}"):\n        print(row["custom_id"], row["decision"], row["score"])`,
    json: batch,
  }));
  if (!hasEnded(batch) && performance.now() < rowsAt + ROWS_EVERY_MS) return;
  rowsAt = performance.now();
  await drawRows();
}

const kept = (fmr) => (fmr ? `${fmr.errors} of ${fmr.trials} non-mated pairs match there, so with 95 % confidence at most ${percent(fmr.high)} of such pairs do (run ${fmr.run_id} on ${fmr.dataset})`
  : "Not said: no target_fmr was asked for. The page of packs shows what a calibration says of it.");

const terms = (batch) => h("section", { "aria-labelledby": "terms" }, h("h2", { id: "terms" }, "Terms"), facts([
  ["Threshold", `${batch.threshold}, from: ${batch.threshold_origin}`],
  ["It keeps", kept(batch.calibrated_fmr)],
  ["Pack", batch.pack],
  ["Which face", batch.policy.replaceAll("_", " ")],
  ["Quality", batch.quality],
  ["Shards", `${batch.shards_done} of ${batch.shards} done`],
  batch.owner && ["Key", h("code", {}, batch.owner)],
  ...Object.entries(batch.metadata),
  batch.callback_url && ["Told to", batch.callback_url],
  batch.event_id && ["Event", h("a", { href: `/deliveries/${batch.event_id}` }, h("code", {}, batch.event_id))],
]));

async function drawRows() {
  const cursor = cursors.at(-1);
  const page = await call(`${path}/results?limit=${ROWS}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  show("rows", page.results.length ? table("Results, in the order of the pairs", COLUMNS, page.results, { key: (row) => row.custom_id })
    : h("p", { class: "soft" }, "No pair is done yet."));
  const turn = (name, step) => h("button", { type: "button", onclick: () => act(async () => { step(); await drawRows(); byId("results-title").scrollIntoView(); announce("Another page of results"); }) }, name);
  show("turn",
    cursors.length > 1 ? turn("Previous", () => cursors.pop()) : null,
    page.next_cursor ? turn("Next", () => cursors.push(page.next_cursor)) : null);
}

async function cancel() {
  await call(`${path}/cancel`, { method: "POST" });
  watched.begin();
}

async function erase() {
  const explained = "Its record, its results and whatever is left of its photographs are gone for good.";
  if (!await asked("Erase this batch?", { explained, yes: "Erase it", no: "Keep it" })) return;
  watched.stop();
  await call(path, { method: "DELETE" });
  for (const part of ["about", "same-calls", "rows", "turn", "files"]) show(part);
  byId("results").hidden = true;
  show("actions", h("a", { href: "/batches" }, "All batches"));
  show("batch", h("p", {}, "The batch is erased."));
  announce("The batch is erased.");
  byId("main").focus();
}

withKey(watched.begin);
