import { call } from "../api.js";
import { announce, byId, h, show } from "../elements.js";
import { figures } from "../evaluations/figures.js";
import { columns, isOpen } from "../evaluations/runs.js";
import { offer } from "../evaluations/start.js";
import { follow } from "../following.js";
import { withKey } from "../key.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";

const EVERY_S = 2;
const chosen = new Set();
let known = [], older = [], following = null;

function choose(event) {
  if (event.target.checked) chosen.add(event.target.value);
  else chosen.delete(event.target.value);
  besides();
}

/** The chosen runs, side by side. */
function besides() {
  const runs = [...known, ...older].filter((run) => chosen.has(run.id)).reverse();
  if (runs.length < 2) return show("besides", runs.length ? h("p", { class: "soft" }, "Choose one more to see them side by side.") : []);
  show("besides", h("h2", {}, "Side by side"), figures(runs, "The chosen runs, side by side"),
    h("p", {}, tested(runs)));
  return undefined;
}

/** Whether they differ is for a paired test, and that for runs on the same pairs. */
function tested(runs) {
  const ids = runs.map((run) => run.id);
  if (new Set(runs.map((run) => run.dataset_digest)).size > 1)
    return ["They are on different data sets, so no test pairs them. Whether the thresholds of one hold on another: ", h("code", {}, `likeness evaluate transfer ${ids.join(" ")}`), "."];
  return [h("a", { class: "button", href: `/evaluations/compare?runs=${ids.map(encodeURIComponent).join(",")}` }, "Test whether they differ"),
    h("span", { class: "soft" }, ` pair by pair, as likeness evaluate compare ${ids.map((id) => id.slice(0, 16)).join(" ")} does.`)];
}

function drawn(cursor) {
  const runs = [...known, ...older], focused = document.activeElement?.value;
  if (!runs.length) return show("runs", h("p", {}, "There is no run yet."));
  const drawnTable = table("Runs, newest first", columns(choose), runs, { key: (run) => run.id });
  drawnTable.querySelectorAll("input").forEach((box) => { box.checked = chosen.has(box.value); });
  show("runs", drawnTable, cursor ? h("button", { type: "button", onclick: () => more(cursor) }, "Older ones") : null);
  if (focused) byId("runs").querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  return undefined;
}

async function more(cursor) {
  try {
    const page = await call(`/v1/evaluations?cursor=${encodeURIComponent(cursor)}`);
    older = [...older, ...page.evaluations];
    drawn(page.next_cursor);
  } catch (problem) {
    show("runs-said", problemNote(problem));
  }
}

function look() {
  following?.abort();
  following = new AbortController();
  let cursor = null;
  return follow(async () => {
    const page = await call("/v1/evaluations", { signal: following.signal });
    known = page.evaluations;
    older = older.filter((run) => !known.some((one) => one.id === run.id));
    cursor = older.length ? cursor : page.next_cursor;
    show("runs-said");
    drawn(cursor);
    besides();
    return known.some(isOpen) ? EVERY_S : null;
  }, { signal: following.signal, failed: (problem) => show("runs-said", problemNote(problem)) });
}

withKey(async () => {
  try {
    await offer((run) => { announce(`Started: ${run.id}`); look(); });
  } catch (problem) {
    return show("start-said", problemNote(problem));
  }
  return look();
});
