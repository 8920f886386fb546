// The form that starts a batch: what is in it is looked at before anything is sent.
import { call } from "./api.js";
import { byId, h, show } from "./elements.js";
import { offerPacks } from "./pack_names.js";
import { readPairs } from "./pair_lists.js";
import { size, takePhotographs } from "./photographs.js";
import { problemNote } from "./problems.js";

/** Returns a function that fills in the packs, once there is a key. */
export function startingBatches(form) {
  const chosen = { reference: [], photographs: [], pairs: [] };
  let key = crypto.randomUUID?.() ?? String(Math.random());

  async function changed() {
    key = crypto.randomUUID?.() ?? String(Math.random());
    const isList = form.elements.kind.value === "list";
    for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== form.elements.kind.value;
    const { said, faults, batch } = await (isList ? ofList(chosen) : ofOne(chosen));
    if (batch) faults.push(...beyond(batch, form.dataset));
    show("summary", said && h("p", {}, said), faults.length ? h("ul", { class: "warnings" }, faults.map((one) => h("li", {}, one))) : null);
    form.querySelector("button.main").disabled = !batch || faults.length > 0;
    return batch;
  }

  for (const name of Object.keys(chosen))
    takePhotographs(byId(name), (files) => {
      chosen[name] = files;
      changed();
    });
  form.addEventListener("change", changed);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const batch = await changed();
    if (!batch) return;
    const button = form.querySelector("button.main");
    button.disabled = true;
    show("refused", h("p", { role: "status" }, `Sending ${batch.photographs.size} photographs (${size(bytesOf(batch))}) ...`));
    try {
      const accepted = await call("/v1/batches", { method: "POST", body: bodyOf(batch, form), headers: { "Idempotency-Key": key } });
      location.assign(`/batches/${accepted.id}`);
    } catch (problem) {
      show("refused", problemNote(problem));
      button.disabled = false;
    }
  });
  return () => offerPacks(form.elements.pack);
}

async function ofList({ photographs, pairs: [file] }) {
  if (!photographs.length && !file) return { said: "", faults: [] };
  const { byName, faults } = named(photographs);
  let pairs = [];
  try {
    pairs = file ? readPairs(await file.text()) : [];
  } catch (error) {
    faults.push(`${file.name}: ${error.message}`);
  }
  const used = new Set(pairs.flatMap((pair) => [pair.reference, pair.probe]));
  const missing = [...used].filter((name) => !byName.has(name));
  if (missing.length && photographs.length)
    faults.push(`The list names ${missing.length} photographs that are not here: ${few(missing)}`);
  const idle = [...byName.keys()].filter((name) => !used.has(name));
  const said = `${photographs.length} photographs, ${pairs.length} pairs.` +
    (pairs.length && idle.length ? ` ${idle.length} photographs stand in no pair and are not sent: ${few(idle)}.` : "");
  for (const name of idle) byName.delete(name);
  return { said, faults, batch: pairs.length && byName.size ? { photographs: byName, pairs } : null };
}

async function ofOne({ reference: [reference], photographs }) {
  if (!reference && !photographs.length) return { said: "", faults: [] };
  const { byName, faults } = named(photographs);
  const said = `${reference ? `${reference.name} with ` : ""}${photographs.length} photographs${reference ? "." : "; choose the reference."}`;
  if (!reference || !photographs.length) return { said, faults, batch: null };
  const pairs = [...byName.keys()].map((probe) => ({ reference: "", probe, custom_id: probe }));
  let called = reference.name;
  while (byName.has(called)) called = `reference ${called}`;
  for (const pair of pairs) pair.reference = called;
  return { said, faults, batch: { photographs: new Map([[called, reference], ...byName]), pairs } };
}

function named(files) {
  const byName = new Map(), faults = [];
  for (const file of files) {
    if (byName.has(file.name)) faults.push(`Two photographs are called ${file.name}.`);
    byName.set(file.name, file);
  }
  return { byName, faults };
}

const few = (names) => names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
const bytesOf = (batch) => [...batch.photographs.values()].reduce((sum, file) => sum + file.size, 0);

function* beyond(batch, limits) {
  const cut = "`likeness batch` cuts longer lists into batches.";
  const found = [[batch.pairs.length, limits.pairs, "pairs"], [batch.photographs.size, limits.photographs, "photographs"]];
  for (const [there, most, what] of found)
    if (there > Number(most)) yield `${there} ${what}: this deployment takes ${most} in a batch. ${cut}`;
  const bytes = bytesOf(batch);
  if (bytes > Number(limits.bytes)) yield `${size(bytes)}: this deployment takes ${size(Number(limits.bytes))} in a batch. ${cut}`;
}

function bodyOf(batch, form) {
  const body = new FormData();
  for (const name of ["pack", "policy", "quality", "threshold"])
    if (form.elements[name].value) body.append(name, form.elements[name].value);
  body.append("pairs", new Blob([batch.pairs.map((pair) => JSON.stringify(pair)).join("\n")]), "pairs.jsonl");
  for (const [name, file] of batch.photographs) body.append(name, file, name);
  return body;
}
