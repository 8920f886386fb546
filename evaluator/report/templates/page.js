"use strict";
// Moves one threshold through every plot and the first row of the table. Without it the page lacks nothing else.
const data = JSON.parse(document.getElementById("sweep").textContent);
const picker = document.getElementById("chooser");
const slider = document.getElementById("threshold");
const NBSP = "\u00a0";
const SVG = "http://www.w3.org/2000/svg";

const count = n => Math.abs(n) >= 10000 ? n.toLocaleString("en-US") : String(n);
const share = (rate, trials) => (100 * rate).toFixed(Math.max(2, Math.ceil(Math.log10(Math.max(trials, 1))) - 1));
const minus = text => text.replace("-", "\u2212");
// A million comparisons and three digits of a limit: no more is known of it.
const ofMillion = rate => Math.round(Number((1e6 * rate).toPrecision(3))).toLocaleString("en-US");

// The normal deviate of a share, by bisection: a DET's axes.
function deviate(share) {
  let low = -6, high = 6;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (normal(middle) < share) low = middle; else high = middle;
  }
  return low;
}
// The normal distribution function; error below 1e-7 (Abramowitz and Stegun 26.2.17).
function normal(x) {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * t *
    (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}

const plots = Array.from(document.querySelectorAll("svg[data-pick]"), svg => {
  const [left, right, top, bottom, x0, x1, y0, y1] = svg.dataset.axes.split(" ").map(Number);
  const kind = svg.dataset.pick;
  const mark = document.createElementNS(SVG, kind === "threshold" ? "line" : "circle");
  mark.setAttribute("class", "pick");
  svg.append(mark);
  const within = (value, from, to) => Math.min(Math.max(value, Math.min(from, to)), Math.max(from, to));
  const x = value => within(left + (value - x0) / (x1 - x0) * (right - left), left, right);
  const y = value => within(bottom - (value - y0) / (y1 - y0) * (bottom - top), top, bottom);
  const set = pairs => { for (const [name, value] of Object.entries(pairs)) mark.setAttribute(name, value.toFixed(2)); };
  const score = event => {
    const box = svg.getBoundingClientRect();
    return x0 + ((event.clientX - box.left) / box.width * svg.viewBox.baseVal.width - left) / (right - left) * (x1 - x0);
  };
  if (kind === "threshold") {
    svg.addEventListener("pointerdown", event => { svg.setPointerCapture(event.pointerId); pick(nearest(score(event))); });
    svg.addEventListener("pointermove", event => { if (event.buttons) pick(nearest(score(event))); });
    return (t, fmr, fnmr) => set({ x1: x(t), x2: x(t), y1: top, y2: bottom });
  }
  set({ r: 6 });
  return kind === "roc"
    ? (t, fmr, fnmr) => set({ cx: x(fmr > 0 ? Math.log10(fmr) : -99), cy: y(1 - fnmr) })
    : (t, fmr, fnmr) => set({ cx: x(deviate(fmr)), cy: y(deviate(fnmr)) });
});

function nearest(score) {
  let best = 0;
  data.thresholds.forEach((t, i) => { if (Math.abs(t - score) < Math.abs(data.thresholds[best] - score)) best = i; });
  return best;
}

function say(name, text) { document.getElementById(name).textContent = text; }

function pick(i) {
  const t = data.thresholds[i], fmr = data.fm[i] / data.non_mated, fnmr = data.fnm[i] / data.mated;
  slider.value = i;
  slider.setAttribute("aria-valuetext", String(t));
  const shown = minus(t.toFixed(4));
  say("picked", shown);
  say("picked-threshold", shown);
  say("picked-fmr-errors", `${count(data.fm[i])} / ${count(data.non_mated)}`);
  say("picked-fmr", share(fmr, data.non_mated) + NBSP + "%");
  say("picked-fmr-interval", share(data.fmr_low[i], data.non_mated) + " \u2013 " + share(data.fmr_high[i], data.non_mated));
  say("picked-fnmr-errors", `${count(data.fnm[i])} / ${count(data.mated)}`);
  say("picked-fnmr", share(fnmr, data.mated) + NBSP + "%");
  say("picked-fnmr-interval", share(data.fnmr_low[i], data.mated) + " \u2013 " + share(data.fnmr_high[i], data.mated));
  say("picked-million", ofMillion(fmr));
  say("picked-million-limit", ofMillion(data.fmr_upper[i]));
  say("said", `${count(data.fm[i])} of ${count(data.non_mated)} non-mated pairs match, ` +
    `${count(data.fnm[i])} of ${count(data.mated)} mated pairs do not. At a million non-mated comparisons a day: ` +
    `${ofMillion(fmr)} false matches, at most ${ofMillion(data.fmr_upper[i])} with 95${NBSP}% confidence.`);
  plots.forEach(move => move(t, fmr, fnmr));
}

slider.max = data.thresholds.length - 1;
slider.addEventListener("input", () => pick(Number(slider.value)));
document.getElementById("back").addEventListener("click", () => pick(nearest(Number(picker.dataset.start))));
picker.hidden = false;
document.querySelectorAll(".moves").forEach(part => { part.hidden = false; });
pick(nearest(Number(picker.dataset.start)));
