// Taking the thresholds of a run: what that would change, and for which pack, is said before it is done.
import { call } from "../api.js";
import { named } from "../compare/words.js";
import { asked } from "../dialogs.js";
import { h } from "../elements.js";
import { workedOut } from "./asking.js";

const at = (point) => (point === undefined ? "–" : point.threshold === null ? "refused" : point.threshold.toFixed(4));
const worth = (point) => (point.threshold === null ? h("span", { class: "soft" }, point.refused) : `${point.errors} false matches in ${point.trials}`);

/** Each rate: the threshold in force, the one that would be, and what that rests on. */
function changes({ calibration, in_force: before }) {
  const old = new Map((before?.points ?? []).map((point) => [point.target, point]));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "What would change" }, h("table", {}, h("caption", { class: "away" }, "Thresholds now and then"),
    h("thead", {}, h("tr", {}, ["FMR at most", "Now", "Then", "Rests on"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, calibration.points.map((point) => h("tr", {}, h("th", { scope: "row" }, named(point.target)),
      h("td", {}, at(old.get(point.target))), h("td", {}, at(point)), h("td", {}, worth(point)))))));
}

const restsOn = (calibration) => `run ${calibration.run_id} on ${calibration.dataset}`;

/** Resolves to what is in force then; null where the reader did not want it, or it cannot be. Throws Problem. */
export async function takeThresholds(run, { waiting } = {}) {
  const path = `/v1/evaluations/${encodeURIComponent(run.id)}/calibration`;
  const found = await (await workedOut(path, { waiting })).json();
  const { calibration, refused, notes, in_force: before } = found, isSmaller = refused?.code === "calibration_smaller";
  const explained = found.is_in_force ? `The pack ${found.pack} has the thresholds of this run already.`
    : before ? `The pack ${found.pack} has thresholds from ${restsOn(before)}. These would take their place, for all who compare with it.`
      : `The pack ${found.pack} has no calibrated thresholds yet. These would be its own, for all who compare with it.`;
  const yes = await asked(`Use the thresholds of this run for ${found.pack}?`, {
    explained,
    besides: [
      changes(found),
      h("p", { class: "soft" }, `A comparison that asks for a target_fmr gets the threshold of that rate; the pack's own threshold stays as it is. Jobs that are accepted already keep theirs.`),
      refused && h("p", { class: "warned" }, refused.detail), notes.map((note) => h("p", { class: "warned" }, note)),
    ],
    yes: refused && !isSmaller ? "" : isSmaller ? "Use them all the same" : "Use them",
    no: refused && !isSmaller ? "Close" : "Leave it as it is",
    danger: isSmaller || calibration.points.every((point) => point.threshold === null),
  });
  return yes ? call(path, { method: "POST", json: { replace: isSmaller } }) : null;
}
