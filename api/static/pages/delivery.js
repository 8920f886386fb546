import { call } from "../api.js";
import { copyable, curlKey, pythonClient, sameCall } from "../calls.js";
import { chip } from "../chips.js";
import { announce, byId, facts, h, show } from "../elements.js";
import { follow } from "../following.js";
import { withKey } from "../key.js";
import { idOfPage } from "../opening.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";
import { duration, moment } from "../times.js";

const path = `/v1/webhook-deliveries/${encodeURIComponent(idOfPage())}`;
const SOON_S = 2, LATEST_S = 60;
let watching = new AbortController();
let last = "";

const COLUMNS = [
  { name: "At", cell: (attempt) => moment(attempt.at) },
  { name: "Answer", cell: (attempt) => (attempt.status === null ? attempt.error : `HTTP ${attempt.status}`) },
  { name: "Detail", cell: (attempt) => attempt.detail || "–" },
  { name: "Took", numeric: true, cell: (attempt) => duration(attempt.duration_ms / 1000) },
];

/** Where that which has ended is shown to people. */
const pageOf = (jobId) => (jobId.startsWith("bat_") ? `/batches/${jobId}` : `/jobs/${jobId}`);

function draw(delivery) {
  byId("heading").replaceChildren("Delivery ", h("code", {}, delivery.id));
  document.title = `${delivery.status}: ${delivery.id} · Likeness`;
  announce(`The delivery is ${delivery.status}, after ${delivery.attempts} attempts`);
  show("actions", h("button", { type: "button", onclick: replay }, "Replay"));
  show("delivery",
    h("p", { class: "decision" }, chip(delivery.status)),
    facts([
      ["Event", delivery.type],
      ["To", delivery.url],
      delivery.endpoint_id && ["Endpoint", h("a", { href: "/endpoints" }, h("code", {}, delivery.endpoint_id))],
      delivery.job_id && ["Of", h("a", { href: pageOf(delivery.job_id) }, h("code", {}, delivery.job_id))],
      ["Created", moment(delivery.created_at)],
      delivery.next_attempt_at && ["Next attempt", moment(delivery.next_attempt_at)],
      delivery.ended_at && ["Ended", moment(delivery.ended_at)],
      ["Attempts", String(delivery.attempts)],
    ]),
    h("h2", {}, "Attempts"),
    delivery.log.length ? table("Attempts, the oldest first", COLUMNS, delivery.log) : h("p", { class: "soft" }, "None yet."),
    h("h2", {}, "What is sent"), copyable(JSON.stringify(delivery.event, null, 2), "The event"));
  show("same-calls", sameCall({
    curl: `curl -X POST${curlKey()} '${location.origin}${delivery.urls.replay}'`,
    python: `from likeness import Client\n\nwith ${pythonClient()} as client:\n    client.replay("${delivery.id}")`,
    json: delivery,
  }));
}

async function look() {
  const delivery = await call(path, { signal: watching.signal });
  const text = JSON.stringify(delivery);
  if (text !== last) {
    last = text;
    show("problem");
    draw(delivery);
  }
  if (delivery.status !== "pending") return null;
  const due = (new Date(delivery.next_attempt_at) - Date.now()) / 1000;
  return Math.min(Math.max(due, SOON_S), LATEST_S);
}

function watch() {
  watching.abort();
  watching = new AbortController();
  return follow(look, { signal: watching.signal, failed: (problem) => {
    if (problem.status === 404) show("delivery");
    show("problem", problemNote(problem));
  } });
}

async function replay() {
  try {
    await call(`${path}/replay`, { method: "POST" });
    announce("It is due now.");
    watch();
  } catch (problem) {
    show("problem", problemNote(problem));
  }
}

withKey(watch);
