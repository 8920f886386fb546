// A score on its axis: over the scores of the run that calibrated the pack, mated and non-mated, with the threshold.
import { h, svg } from "../elements.js";

const HEIGHT = 200, TOP = 44, BOTTOM = 44, SIDE = 14;

/** Draw anew whenever the place it stands in gets another width. */
export function axis(facts) {
  const place = h("div", { class: "axis" });
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(place.clientWidth);
    if (width && width !== drawn) place.replaceChildren(draw(facts, (drawn = width)));
  }).observe(place);
  return place;
}

/** Where the axis begins and ends: what there is to see, to a whole tenth. */
function range({ scores, score, threshold }) {
  const edges = scores?.edges ?? [];
  const used = edges.slice(0, -1).filter((_, at) => scores.non_mated[at] || scores.mated[at]);
  const seen = [...used, ...used.map((edge) => edge + 0.02), score, threshold].filter((value) => value !== null && value !== undefined);
  if (!scores) seen.push(-1, 1);
  return [Math.floor(10 * Math.min(...seen, 0) + 1e-9) / 10, Math.ceil(10 * Math.max(...seen, 0.9) - 1e-9) / 10];
}

const shares = (counts) => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total ? counts.map((count) => count / total) : null;
};

function draw(facts, width) {
  const { scores, score, threshold, says } = facts, [low, high] = range(facts);
  const x = (value) => SIDE + ((value - low) / (high - low)) * (width - 2 * SIDE);
  const floor = HEIGHT - BOTTOM, kinds = [["non-mated", shares(scores?.non_mated ?? [])], ["mated", shares(scores?.mated ?? [])]];
  const most = Math.max(...kinds.flatMap(([, of]) => of ?? []), 1e-9);
  const y = (share) => floor - (share / most) * (floor - TOP - 20);
  const drawing = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": says });
  drawing.append(svg("rect", { class: "matches", x: x(threshold), y: TOP, width: Math.max(0, x(high) - x(threshold)), height: floor - TOP }));
  for (const [kind, of] of kinds) {
    if (!of) continue;
    const steps = of.map((share, at) => `V${y(share).toFixed(1)}H${x(Math.min(high, Math.max(low, scores.edges[at + 1]))).toFixed(1)}`);
    drawing.append(svg("path", { class: `scores ${kind}`, d: `M${x(low).toFixed(1)} ${floor}${steps.join("")}V${floor}Z` }));
  }
  drawing.append(svg("path", { class: "base", d: `M${SIDE} ${floor}H${width - SIDE}` }), ...ticks(low, high, x, floor, width));
  drawing.append(line("threshold", threshold, `threshold ${Number(threshold.toFixed(4))}`, 34, { x, floor, width }));
  if (score !== null && score !== undefined) drawing.append(line("score", score, `this score ${score.toFixed(4)}`, 14, { x, floor, width }));
  for (const [kind, of] of kinds) if (of) drawing.append(named(kind, of, { scores, x, y, width }));
  return drawing;
}

/** What a hill is, at its top. */
function named(kind, of, { scores, x, y, width }) {
  const top = of.indexOf(Math.max(...of)), at = x((scores.edges[top] + scores.edges[top + 1]) / 2), half = 3.4 * (kind.length + 6);
  return svg("text", { class: `name ${kind}`, x: Math.min(width - half, Math.max(half, at)), y: y(of[top]) - 6, "text-anchor": "middle" }, `${kind} pairs`);
}

function line(kind, value, says, height, { x, floor, width }) {
  const at = x(value), anchor = at < 0.3 * width ? "start" : at > 0.7 * width ? "end" : "middle";
  return svg("g", { class: `at ${kind}` }, svg("path", { d: `M${at} ${height + 4}V${floor + (kind === "score" ? 0 : 5)}` }),
    kind === "score" ? svg("path", { class: "head", d: `M${at} ${floor}l-6 9h12z` }) : null,
    svg("text", { x: anchor === "middle" ? at : Math.min(width - 2, Math.max(2, at)), y: height, "text-anchor": anchor }, says));
}

function* ticks(low, high, x, floor, width) {
  const step = (width / (high - low)) * 0.1 > 34 ? 1 : 2;
  for (let tenth = Math.round(10 * low); tenth <= Math.round(10 * high); tenth += 1) {
    if (tenth % step) continue;
    yield svg("text", { class: "tick", x: x(tenth / 10), y: floor + 22, "text-anchor": "middle" }, tenth / 10);
  }
  yield svg("text", { class: "tick", x: width / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "comparison score (cosine); larger is more alike");
}
