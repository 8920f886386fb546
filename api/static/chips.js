// A status or a decision in a word that stands out, by its sign as well as by its colour.
import { h } from "./elements.js";

const SIGNS = {
  queued: "○", running: "◐", succeeded: "●", failed: "▲", cancelled: "×",
  match: "=", non_match: "≠", not_acquired: "–", compared: "●",
  pending: "○", delivered: "●", dead: "▲", disabled: "×",
  ok: "●", warning: "▲", enabled: "●",
};
const WORDS = { match: "match", non_match: "non-match", not_acquired: "not acquired" };

/** What a state is called where people read. */
export const word = (state) => WORDS[state] ?? state.replaceAll("_", " ");

export function chip(state) {
  if (!state) return "–";
  return h("span", { class: `chip ${state}` }, h("span", { "aria-hidden": "true" }, SIGNS[state] ?? "·"), ` ${word(state)}`);
}
