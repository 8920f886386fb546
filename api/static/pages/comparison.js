import { fetched } from "../api.js";
import { percent } from "../compare/words.js";
import { download } from "../downloads.js";
import { announce, byId, h, show } from "../elements.js";
import { workedOut } from "../evaluations/asking.js";
import { framed } from "../evaluations/framed.js";
import { runLink } from "../evaluations/runs.js";
import { withKey } from "../key.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";

const form = byId("terms"), address = new URLSearchParams(location.search);
const runs = (address.get("runs") ?? "").split(",").filter(Boolean);
let asking = new AbortController();

const counted = (rate) => (rate.insufficient_data ? "–" : `${rate.errors} of ${rate.trials}`);
const points = (share) => `${share > 0 ? "+" : share < 0 ? "−" : ""}${Math.abs(100 * share).toFixed(2)}`;
const range = (interval) => (interval.low === undefined ? interval.insufficient_data : `${points(interval.low)} to ${points(interval.high)}`);
const outcome = (test) => (test.worse ? h("strong", { class: "warned" }, "more errors") : test.significant ? h("strong", { class: "good" }, "fewer errors") : "not significant");

const COLUMNS = [
  { name: "Run", cell: (test) => test.run },
  { name: "Question", cell: (test) => test.question },
  { name: "Errors of A", cell: (test) => counted(test.errors[0]) },
  { name: "Its errors", cell: (test) => counted(test.errors[1]) },
  { name: "Difference, points", cell: (test) => h("span", {}, points(test.difference), " ", h("span", { class: "soft" }, `(${range(test.interval)})`)) },
  { name: "p, corrected", cell: (test) => (test.p_holm < 1e-4 ? "less than 0.0001" : test.p_holm.toPrecision(2)) },
  { name: "So it makes", cell: outcome },
];

/** What a run is, where it decides, and what else it differs in from A. */
const CONTENDERS = [
  { name: "Label", cell: (run) => run.label },
  { name: "Run", cell: (run) => runLink(run.run) },
  { name: "Pack", cell: (run) => run.pack },
  { name: "Threshold", cell: (run) => h("span", {}, run.threshold, " ", h("span", { class: "soft" }, run.threshold_origin)) },
  { name: "FMR", cell: (run) => share(run.false_matches) },
  { name: "FNMR", cell: (run) => share(run.false_non_matches) },
  { name: "Not acquired", cell: (run) => `${run.pairs_not_acquired} pairs` },
  { name: "Differs from A in", cell: (run) => (run.differs.length ? run.differs.join("; ") : "–") },
];

const share = (rate) => (!rate ? "–" : rate.insufficient_data ? "insufficient data" : `${counted(rate)}, ${percent(rate.value)}`);

function drawn(found) {
  byId("heading").textContent = `Runs compared on ${found.dataset.name}`;
  document.title = `${found.runs.map((run) => run.pack).join(" and ")} on ${found.dataset.name} · Likeness`;
  show("comparison", h("h2", {}, "In short"), found.verdicts.map((verdict) => h("p", {}, verdict, ".")),
    table("The runs", CONTENDERS, found.runs, { key: (run) => run.run }),
    h("h2", {}, "Tests"), h("p", { class: "soft" }, `${found.pairs} pairs, ${found.mated_pairs} of them mated.`),
    table("Tests of each run against A", COLUMNS, found.tests), h("p", { class: "soft" }, found.how));
  announce(found.verdicts.join(". "));
}

function path() {
  const [first, ...others] = runs, query = new URLSearchParams({ with: others.join(",") });
  if (form.elements.at_fmr.value.trim()) query.set("at_fmr", form.elements.at_fmr.value.trim());
  return `/v1/evaluations/${encodeURIComponent(first)}/comparison?${query}`;
}

function files() {
  const saved = (query, name, title) => h("button", { type: "button", onclick: async () => {
    try {
      await download(`${path()}${query}`, name);
    } catch (problem) {
      show("problem", problemNote(problem));
    }
  } }, title);
  show("files", saved("&format=html", "comparison.html", "Save the page"), saved("", "comparison.json", "Save as JSON"));
}

async function compare() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  byId("report").hidden = true;
  show("problem");
  if (runs.length < 2) return show("comparison", h("p", {}, "Choose two runs or more on the page of ", h("a", { href: "/evaluations" }, "evaluations"), "."));
  show("comparison", h("p", { class: "soft" }, "The evaluator compares them ..."));
  try {
    drawn(await (await workedOut(path(), { signal })).json());
    files();
    const page = await framed(await workedOut(`${path()}&format=html`, { signal }), "The comparison as a page, with its plots");
    show("frame", page);
    byId("report").hidden = false;
  } catch (problem) {
    if (signal.aborted) return undefined;
    show("comparison");
    show("problem", problemNote(problem));
  }
  return undefined;
}

/** The runs by pack and time, for a reader who holds the others against another one. */
async function offer() {
  const known = await Promise.all(runs.map((id) => fetched(`/v1/evaluations/${encodeURIComponent(id)}`).then((answer) => answer.json())));
  form.elements.first.replaceChildren(...known.map((run) => new Option(`${run.pack}, ${run.policy.replaceAll("_", " ")}, ${run.detection_size} px${run.flip ? ", flip" : ""}: ${run.id.slice(0, 16)}`, run.id)));
  form.hidden = false;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const first = form.elements.first.value;
  runs.sort((one, other) => (other === first) - (one === first));
  const query = new URLSearchParams({ runs: runs.join(",") });
  if (form.elements.at_fmr.value.trim()) query.set("at_fmr", form.elements.at_fmr.value.trim());
  history.replaceState(null, "", `${location.pathname}?${query}`);
  compare();
});
form.elements.at_fmr.value = address.get("at_fmr") ?? "";

withKey(async () => {
  try {
    if (runs.length > 1) await offer();
  } catch (problem) {
    return show("problem", problemNote(problem));
  }
  return compare();
});
