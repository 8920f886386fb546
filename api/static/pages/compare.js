import { call, fetched, Problem } from "../api.js";
import { answer, headline } from "../compare/answer.js";
import { options, sent } from "../compare/choices.js";
import { kilobytes, photographs, SIDES } from "../compare/photographs.js";
import { Progress } from "../compare/progress.js";
import { showReceipt } from "../compare/receipts.js";
import { curl, inPython, json } from "../compare/snippets.js";
import { announce, byId, h, show } from "../elements.js";
import { keysAreOn, withKey } from "../key.js";
import { problemNote } from "../problems.js";
import { watch } from "../watching.js";

const form = byId("compare"), sides = photographs(form, changed), button = byId("submit");
let running = null;

/** An answer is about the photographs and the choices that stand above it. */
function changed() {
  running?.abort();
  running = null;
  SIDES.forEach((side) => sides[side].unmark());
  show("answer");
  show("progress");
  show("receipt");
  ready();
}

function ready() {
  button.disabled = !SIDES.every((side) => sides[side].file);
  showCall();
}

function showCall() {
  const names = Object.fromEntries(SIDES.map((side) => [side, sides[side].file?.name ?? `${side}.jpg`]));
  const facts = { url: location.origin, names, fields: sent(form), keys: keysAreOn() };
  const write = { curl, python: inPython, json }[form.elements.language.value];
  show("call", write(facts));
}

form.addEventListener("change", (event) => {
  if (event.target.name === "language" || event.target.type === "file") return showCall();
  options(form);
  changed();
});
form.addEventListener("input", showCall);
form.addEventListener("submit", (event) => { event.preventDefault(); compare(); });
byId("copy").hidden = !navigator.clipboard;
byId("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId("call").textContent);
  announce("Copied");
});

async function compare() {
  changed();
  const files = SIDES.map((side) => sides[side].file), body = new FormData();
  SIDES.forEach((side, at) => body.append(side, files[at]));
  for (const [name, value] of sent(form)) body.append(name, value);
  running = new AbortController();
  const { signal } = running, progress = new Progress(byId("progress"), kilobytes(files[0].size + files[1].size));
  signal.addEventListener("abort", () => progress.stop());
  button.disabled = true;
  announce("Comparing");
  try {
    const response = await fetched("/v1/comparisons", { method: "POST", body, signal });
    const job = await ended(await response.json(), progress, signal);
    if (job) await told(job);
  } catch (problem) {
    progress.stop();
    if (signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    show("progress");
    show("answer", problemNote(problem));
  } finally {
    if (!signal.aborted) {
      running = null;
      button.disabled = false;
    }
  }
}

/** The job once it has ended; null where that is not waited for any more. */
async function ended(job, progress, signal) {
  progress.tell(job);
  cancellable(job, progress);
  function draw(now) {
    job = now;
    progress.tell(job);
    cancellable(job, progress);
  }
  if (!job.ended_at) await watch(job.urls.self, { draw, failed: (problem) => show("answer", problemNote(problem)), signal });
  return signal.aborted || !job.ended_at ? null : job;
}

function cancellable(job, progress) {
  byId("cancel")?.remove();
  if (job.ended_at) return;
  byId("progress").append(h("button", { type: "button", id: "cancel", onclick: async () => {
    try {
      progress.tell(await call(job.urls.cancel, { method: "POST" }));
    } catch (problem) {
      show("answer", problemNote(problem));
    }
  } }, "Cancel"));
}

async function told(job) {
  for (const side of SIDES) sides[side].mark(job.seen[side]);
  const calibration = job.calibration?.fits ? await call(`/v1/packs/${encodeURIComponent(job.pack)}/calibration?threshold=${job.threshold}`).catch(() => null) : null;
  show("answer", answer(job, sides, calibration));
  const { title, text } = headline(job);
  announce(`${title}. ${text}`);
  showReceipt(job, Object.fromEntries(SIDES.map((side) => [side, sides[side].file])));
  byId("verdict").scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

withKey(async () => {
  try {
    options(form, await call("/v1/packs"));
    show("packs-said");
  } catch (problem) {
    if (problem.status !== 401) show("packs-said", problemNote(problem));
  }
  if (!running) ready();
});
