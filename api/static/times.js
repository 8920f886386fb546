// Times: a moment as the reader's clock shows it, and how long something took.
import { h } from "./elements.js";

const DAY = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** `2026-01-31T12:00:00.000Z` as an element: the time of today, or the day and the time; in full on hovering. */
export function moment(text) {
  if (!text) return "–";
  const at = new Date(text);
  const isToday = DAY.format(at) === DAY.format(new Date());
  return h("time", { datetime: text, title: text }, isToday ? CLOCK.format(at) : `${DAY.format(at)}, ${CLOCK.format(at)}`);
}

/** Seconds between two such texts. */
export const secondsBetween = (from, to) => (new Date(to) - new Date(from)) / 1000;

/** `0.043` as `43 ms`, `75` as `1 min 15 s`. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds), minutes = Math.round(seconds / 60);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
