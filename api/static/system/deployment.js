// What an operator wants to know first.
import { chip } from "../chips.js";
import { facts, h } from "../elements.js";
import { table } from "../tables.js";
import { duration, moment } from "../times.js";
import { verdict, waiting } from "./facts.js";

const WORST_FIRST = ["fail", "warn"];
/** What a text has between backticks, as code. */
const marked = (text) => h("span", {}, text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part)));

export function deployment(found) {
  const wrong = WORST_FIRST.flatMap((worst) => found.findings.filter((finding) => finding.verdict === worst));
  return [
    found.why.length ? h("div", { class: "problem" }, h("p", {}, "What keeps work waiting:"), h("ul", {}, found.why.map((why) => h("li", {}, marked(why))))) : null,
    h("h2", {}, "Findings"), h("p", { id: "findings" }, wrong.length ? `${wrong.length} of ${found.findings.length} parts need a look.` : `All ${found.findings.length} parts are well.`,
      h("span", { class: "soft" }, " As ", h("code", {}, "likeness doctor"), " has them, which also looks at the machine it runs on.")),
    wrong.length ? findings(wrong) : null,
    h("h2", {}, "Queues"), queues(found.queues), h("p", { class: "soft" }, `Workers are at ${found.taken} messages.`),
    h("h2", {}, "Workers"), workers(found.workers),
    h("h2", {}, "What is open"), open(found),
  ];
}

const findings = (found) => table("Findings", [
  { name: "Part", cell: (finding) => finding.part },
  { name: "State", cell: (finding) => verdict(finding.verdict) },
  { name: "Found", cell: (finding) => marked(finding.found) },
  { name: "What to do", cell: (finding) => (finding.remedy ? marked(finding.remedy) : "–") },
], found, { key: (finding) => finding.part });

const queues = (found) => table("Queues", [
  { name: "Queue", cell: (queue) => h("code", {}, queue.name) },
  { name: "Waiting", cell: (queue) => queue.waiting, numeric: true },
  { name: "Next has waited", cell: (queue) => (queue.waiting ? duration(queue.oldest_s) : "–"), numeric: true },
  { name: "Taken by", cell: (queue) => (queue.workers.length ? queue.workers.join(", ") : h("span", { class: "warned" }, "nobody")) },
], found, { key: (queue) => queue.name });

const workers = (found) => table("Workers", [
  { name: "Worker", cell: (worker) => h("code", {}, worker.name) },
  { name: "State", cell: (worker) => (worker.answers ? chip("ok") : h("span", {}, chip("failed"), " does not answer")) },
  { name: "Takes from", cell: (worker) => worker.queues.join(", ") || "–" },
  { name: "Holds", cell: (worker) => worker.packs.map((pack) => `${pack.name} on ${pack.provider}`).join(", ") || "–" },
  { name: "Since", cell: (worker) => moment(worker.started_at) },
  { name: "Version", cell: (worker) => worker.version ?? "–" },
], found, { key: (worker) => worker.name });

function open(found) {
  const { deliveries } = found, of = (name) => [name[0].toUpperCase() + name.slice(1), waiting(found[name])];
  return facts([of("comparisons"), of("batches"), of("evaluations"),
    ["Deliveries", `${deliveries.pending} pending${deliveries.pending_oldest_s === null ? "" : `, the oldest for ${duration(deliveries.pending_oldest_s)}`}; ${deliveries.dead} dead, ${deliveries.disabled} disabled `, h("a", { href: "/deliveries" }, "Show them")]]);
}
