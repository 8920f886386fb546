import { call, fetched, retryAfterS } from "../api.js";
import { curlKey, pythonClient, sameCall } from "../calls.js";
import { outcome, termsOf, thresholdMeaning, whatWasSeen } from "../comparison.js";
import { asked } from "../dialogs.js";
import { announce, byId, h, show } from "../elements.js";
import { follow } from "../following.js";
import { withKey } from "../key.js";
import { lifecycle } from "../lifecycle.js";
import { idOfPage } from "../opening.js";
import { problemNote } from "../problems.js";
import { receiptPart } from "../receipt_part.js";
import { word } from "../chips.js";

const id = idOfPage();
const path = `/v1/comparisons/${encodeURIComponent(id)}`;
let watching = new AbortController();
let etag = "";
let receiptIsOffered = false;

const hasEnded = (job) => !["queued", "running"].includes(job.status);

function draw(job) {
  byId("heading").replaceChildren("Job ", h("code", {}, job.id));
  document.title = `${word(job.decision ?? job.outcome ?? job.status)}: ${job.id} · Likeness`;
  announce(`The job is ${job.status}${job.decision ? `: ${word(job.decision)}` : ""}`);
  show("actions",
    hasEnded(job) ? null : h("button", { type: "button", onclick: () => act(cancel) }, "Cancel"),
    h("button", { type: "button", class: "danger", onclick: () => act(erase) }, "Erase"));
  show("job", outcome(job), lifecycle(job), thresholdMeaning(job), whatWasSeen(job), termsOf(job));
  if (hasEnded(job) && !receiptIsOffered) {
    receiptIsOffered = true;
    show("receipt", receiptPart(job));
  }
  show("same-calls", sameCall({
    curl: `curl${curlKey()} '${location.origin}${job.urls.self}?wait=10'`,
    python: `from likeness import Client\n\nwith ${pythonClient()} as client:\n    job = client.wait("${job.id}")\n    print(job.decision, job.score)`,
    json: job,
  }));
}

async function look() {
  const response = await fetched(path, { headers: etag ? { "If-None-Match": etag } : {}, signal: watching.signal });
  if (response.status === 304) return retryAfterS(response) || 1;
  etag = response.headers.get("ETag");
  const job = await response.json();
  show("problem");
  draw(job);
  return hasEnded(job) ? null : retryAfterS(response) || 1;
}

function watch() {
  watching.abort();
  watching = new AbortController();
  return follow(look, { signal: watching.signal, failed: (problem) => {
    if (problem.status === 404) show("job");
    show("problem", problemNote(problem));
  } });
}

async function act(what) {
  try {
    await what();
  } catch (problem) {
    show("problem", problemNote(problem));
    watch();
  }
}

async function cancel() {
  await call(`${path}/cancel`, { method: "POST" });
  watch();
}

async function erase() {
  const explained = "Its record and whatever is left of its photographs are gone for good. A receipt that you have keeps its worth.";
  if (!await asked("Erase this job?", { explained, yes: "Erase it", no: "Keep it" })) return;
  watching.abort();
  await call(path, { method: "DELETE" });
  show("actions", h("a", { href: "/jobs" }, "All jobs"));
  show("job", h("p", {}, "The job is erased."));
  show("receipt");
  show("same-calls");
  announce("The job is erased.");
  byId("main").focus();
}

withKey(watch);
