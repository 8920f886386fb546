import { call } from "../api.js";
import { pointTable } from "../compare/answer.js";
import { axis } from "../compare/axis.js";
import { runLink } from "../evaluations/runs.js";
import { costs, promise } from "../compare/worth.js";
import { facts, h, show } from "../elements.js";
import { withKey } from "../key.js";
import { problemNote } from "../problems.js";
import { moment } from "../times.js";

/** A pack: what it is, what may be done with it, and what its threshold is worth. */
function section(pack, told, engines) {
  return h("section", { class: "pack", "data-pack": pack.name },
    h("h2", {}, pack.name, pack.is_default ? h("span", { class: "soft" }, " (default)") : null),
    h("p", {}, pack.summary),
    facts([
      licence(pack),
      ["Workers that hold it", holders(pack, engines)],
      ["Digest", h("code", {}, pack.digest)],
      ["Embedding", `${pack.embedding_dimension} numbers`],
      ["Threshold", `${pack.threshold}, from: ${pack.threshold_origin}`],
    ]),
    h("h3", {}, "Calibration"), calibration(pack, told));
}

const licence = (pack) => ["Licence", pack.licence, h("br"),
  pack.commercial_use ? h("span", { class: "good" }, "Commercial use is allowed.") : h("span", { class: "warned" }, "No commercial use, unless your use is covered.")];

function holders(pack, engines) {
  if (!pack.workers.length) return h("span", { class: "warned" }, "none: comparisons with it wait until one loads it");
  const on = engines.filter((engine) => engine.pack === pack.name).map((engine) => `${engine.workers} on ${engine.provider}`);
  return [pack.workers.map((name) => [h("code", {}, name), " "]), on.length ? h("span", { class: "soft" }, `(${on.join(", ")})`) : null];
}

function calibration(pack, told) {
  const made = told.calibration;
  if (!made) return h("p", {}, "No run has calibrated it here, so nothing says what its threshold stands for. ", h("a", { href: "/evaluations" }, "Evaluate it"), ", then take the thresholds of the run on its page.");
  const how = made.pipeline;
  return [
    h("p", {}, "From run ", runLink(made.run_id), ` on ${made.dataset}, made `, moment(told.made_at), "."),
    told.scores ? axis({ scores: told.scores, score: null, threshold: pack.threshold, says: told.operating_point ? costs(told.operating_point) : "" })
      : h("p", { class: "soft" }, "How the pairs of the run scored was not kept: ", h("code", {}, `likeness evaluate calibrate ${made.run_id}`), " keeps it."),
    told.operating_point ? h("p", {}, costs(told.operating_point)) : null,
    h("p", {}, promise(made.points, pack.threshold)),
    pointTable(made.points),
    how ? h("p", { class: "soft" }, `It holds for comparisons that are scored as the run was: ${how.policy.replaceAll("_", " ")} face, detector at ${how.detection_size} pixels, detection score at least ${how.detection_threshold}, faces of at least ${how.min_face_px} pixels, on ${how.provider}.`)
      : h("p", { class: "warned" }, "How the run scored was not recorded: calibrate again."),
  ];
}

const judge = (pack) => h("section", { class: "pack" },
  h("h2", {}, pack.name, h("span", { class: "soft" }, " (liveness)")), h("p", {}, pack.summary),
  facts([
    licence(pack),
    ["Digest", h("code", {}, pack.digest)],
    ["Threshold", `${pack.threshold}, from: ${pack.threshold_origin}`],
    ["Where nobody says otherwise", `${pack.default}, ${pack.default_sides}`],
  ]));

withKey(async () => {
  try {
    const { packs, liveness } = await call("/v1/packs");
    const [system, ...told] = await Promise.all([call("/v1/system"), ...packs.map((pack) => call(`/v1/packs/${encodeURIComponent(pack.name)}/calibration`))]);
    show("packs", packs.map((pack, at) => section(pack, told[at], system.engines ?? [])),
      liveness ? judge(liveness) : h("section", { class: "pack" }, h("h2", {}, "Liveness"), h("p", {}, "No pack judges liveness here, so no comparison may ask for it. ", h("code", {}, "likeness packs fetch minifasnet"), ", then ", h("code", {}, "LIKENESS_LIVENESS_PACK=minifasnet"), ".")));
  } catch (problem) {
    show("packs", problemNote(problem));
  }
});
