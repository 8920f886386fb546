import { call } from "../api.js";
import { curlKey, pythonClient, sameCall } from "../calls.js";
import { answer, headline } from "../compare/answer.js";
import { showReceipt } from "../compare/receipts.js";
import { asked } from "../dialogs.js";
import { announce, byId, facts, h, show } from "../elements.js";
import { withKey } from "../key.js";
import { lifecycle } from "../lifecycle.js";
import { idOfPage } from "../opening.js";
import { problemNote } from "../problems.js";
import { acting, watching } from "../watching.js";

const id = idOfPage();
const path = `/v1/comparisons/${encodeURIComponent(id)}`;
let receiptIsOffered = false;

function failed(problem) {
  if (problem.status === 404) show("job");
  show("problem", problemNote(problem));
}

const act = acting((problem) => { failed(problem); watched.begin(); });
const watched = watching(path, { draw, failed });

const hasEnded = (job) => !["queued", "running"].includes(job.status);

/** What the pack's calibration says now; null where it says nothing of this job. */
async function calibrationOf(job) {
  if (!job.calibration?.fits) return null;
  return call(`/v1/packs/${encodeURIComponent(job.pack)}/calibration?threshold=${job.threshold}`).catch(() => null);
}

/** What the sender has said, and who is told. */
const sent = (job) => [h("h3", {}, "What was sent with it"), facts([
  job.owner && ["Key", h("code", {}, job.owner)],
  ...Object.entries(job.metadata),
  job.callback_url && ["Told to", job.callback_url],
  job.event_id && ["Event", h("a", { href: `/deliveries/${job.event_id}` }, h("code", {}, job.event_id))],
])];

async function draw(job) {
  show("problem");
  const { title, text } = headline(job);
  byId("heading").replaceChildren("Job ", h("code", {}, job.id));
  document.title = `${hasEnded(job) ? title : job.status}: ${job.id} · Likeness`;
  announce(hasEnded(job) ? `${title}. ${text}` : `The job is ${job.status}`);
  show("actions",
    hasEnded(job) ? null : h("button", { type: "button", onclick: () => act(cancel) }, "Cancel"),
    h("button", { type: "button", class: "danger", onclick: () => act(erase) }, "Erase"));
  show("states", lifecycle(job));
  const isMore = job.owner || job.callback_url || Object.keys(job.metadata).length;
  show("sent", isMore ? sent(job) : null);
  show("job", hasEnded(job) ? answer(job, {}, await calibrationOf(job)) : h("p", { class: "soft" }, "What becomes of it will stand here."));
  if (hasEnded(job) && !receiptIsOffered) {
    receiptIsOffered = true;
    showReceipt(job, {});
  }
  show("same-calls", sameCall({
    curl: `curl${curlKey()} '${location.origin}${job.urls.self}?wait=10'`,
    python: `from likeness import Client\n\nwith ${pythonClient()} as client:\n    job = client.wait("${job.id}")\n    print(job.decision, job.score)`,
  }));
}

async function cancel() {
  await call(`${path}/cancel`, { method: "POST" });
  watched.begin();
}

async function erase() {
  const explained = "Its record and whatever is left of its photographs are gone for good. A receipt that you have keeps its worth.";
  if (!await asked("Erase this job?", { explained, yes: "Erase it", no: "Keep it" })) return;
  watched.stop();
  await call(path, { method: "DELETE" });
  show("actions", h("a", { href: "/jobs" }, "All jobs"));
  show("job", h("p", {}, "The job is erased."));
  for (const part of ["states", "sent", "receipt", "same-calls"]) show(part);
  announce("The job is erased.");
  byId("main").focus();
}

withKey(watched.begin);
