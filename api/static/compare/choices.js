// What may be chosen beside the photographs, and what of it is sent: nothing that is the deployment's default.
import { named } from "./words.js";

let known = { packs: [], liveness: null };

/** Fill in what the deployment offers; again whenever another pack is chosen. */
export function options(form, told = known) {
  known = told;
  const { pack, target_fmr: target, decide, threshold, liveness, liveness_sides: judged } = form.elements;
  if (!pack.options.length) pack.append(...known.packs.map((one) => new Option(one.is_default ? `${one.name} (default)` : one.name, one.name, one.is_default, one.is_default)));
  const chosen = known.packs.find((one) => one.name === pack.value);
  const points = (chosen?.calibration?.points ?? []).filter((point) => point.threshold !== null);
  const before = target.value;
  target.replaceChildren(...points.map((point) => new Option(`${named(point.target)} (threshold ${point.threshold.toFixed(4)})`, point.target)));
  if (points.some((point) => String(point.target) === before)) target.value = before;
  const asks = [...decide.options].find((one) => one.value === "target_fmr");
  asks.disabled = !points.length;
  asks.textContent = points.length ? "keeps a false match rate" : "keeps a false match rate (no run has calibrated this pack)";
  if (decide.value === "target_fmr" && !points.length) decide.value = "";
  decide.options[0].textContent = chosen ? `is the pack's, ${chosen.threshold}` : "is the pack's";
  shown(threshold, decide.value === "threshold");
  shown(target, decide.value === "target_fmr");
  for (const one of liveness.options) one.disabled = !known.liveness && !["", "off"].includes(one.value);
  liveness.options[0].textContent = `default (${known.liveness?.default ?? "off"})`;
  liveness.title = known.liveness ? "" : "No liveness pack is installed here.";
  const rule = liveness.value || known.liveness?.default || "off";
  shown(judged, rule !== "off");
}

function shown(field, is) {
  field.closest("label").hidden = !is;
  field.disabled = !is;
}

/** Fields and values, in the order of the form. */
export function sent(form) {
  const { pack, policy, quality, liveness, liveness_sides: judged, decide, threshold, target_fmr: target } = form.elements;
  const isDefault = known.packs.find((one) => one.name === pack.value)?.is_default;
  return [
    ["pack", isDefault ? "" : pack.value], ["policy", policy.value], ["quality", quality.value],
    ["liveness", liveness.value], ["liveness_sides", judged.disabled ? "" : judged.value],
    ["threshold", decide.value === "threshold" ? threshold.value : ""], ["target_fmr", decide.value === "target_fmr" ? target.value : ""],
  ].filter(([, value]) => value !== "" && value !== undefined);
}

