import { percent } from "../compare/words.js";
import { save } from "../downloads.js";
import { announce, byId, h, show } from "../elements.js";
import { workedOut } from "../evaluations/asking.js";
import { framed } from "../evaluations/framed.js";
import { runLink } from "../evaluations/runs.js";
import { withKey } from "../key.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";
import { moment } from "../times.js";

const path = "/v1/evaluations/index?limit=500";

const share = (figure) => (figure === null ? h("span", { class: "soft" }, "refused")
  : h("span", {}, percent(figure.value), figure.low === null ? null : h("span", { class: "soft" }, ` (${percent(figure.low)} to ${percent(figure.high)})`)));

const columns = (runs) => [
  { name: "Run", cell: (run) => runLink(run.id) },
  { name: "Created", cell: (run) => moment(run.created_at) },
  { name: "Version", cell: (run) => run.version },
  ...Object.keys(runs[0].figures).map((name) => ({ name: name === "accuracy" ? "Accuracy, 10-fold" : name, cell: (run) => share(run.figures[name]) })),
  { name: "ms an image", numeric: true, cell: (run) => run.ms_per_image?.toFixed(1) ?? "–" },
  { name: "Differs from the run before in", cell: (run) => (run.changed.length ? run.changed.join("; ") : run === runs.at(-1) ? "the first" : "nothing that is recorded") },
];

const titled = (one) => `${one.pack} on ${one.dataset}, ${one.policy.replaceAll("_", " ")}${one.flip ? ", flip" : ""}`;

const history = (one) => h("section", {}, h("h2", {}, titled(one)),
  one.runs.length > 1 ? h("p", {}, h("a", { href: `/evaluations/compare?runs=${one.runs.slice(0, 2).map((run) => run.id).reverse().join(",")}` }, "Compare the newest with the one before")) : null,
  table(titled(one), columns(one.runs), one.runs, { key: (run) => run.id }));

const saved = (form, title) => h("button", { type: "button", onclick: async () => {
  try {
    save(await (await workedOut(`${path}&format=${form}`)).blob(), `runs.${form}`);
  } catch (problem) {
    show("problem", problemNote(problem));
  }
} }, title);

withKey(async () => {
  show("problem");
  show("histories", h("p", { class: "soft" }, "The evaluator reads the reports ..."));
  try {
    const { histories } = await (await workedOut(path)).json();
    show("histories", histories.length ? histories.map(history) : h("p", {}, "No run has succeeded yet."));
    announce(histories.length ? `${histories.length} histories of runs` : "No run has succeeded yet.");
    show("files", histories.length ? [saved("csv", "Save as CSV"), saved("html", "Save the page")] : null);
    if (!histories.some((one) => one.runs.length > 1)) return;
    show("frame", await framed(await workedOut(`${path}&format=html`), "The figures over versions, as a page with plots"));
    byId("report").hidden = false;
  } catch (problem) {
    show("histories");
    show("problem", problemNote(problem));
  }
});
