import { chip } from "../chips.js";
import { byId, h } from "../elements.js";
import { withKey } from "../key.js";
import { listing } from "../listing.js";
import { startingBatches } from "../new_batch.js";
import { openById } from "../opening.js";
import { table } from "../tables.js";
import { duration, moment, secondsBetween } from "../times.js";

const COLUMNS = [
  { name: "Created", cell: (batch) => moment(batch.created_at) },
  { name: "Batch", cell: (batch) => h("a", { href: `/batches/${batch.id}` }, h("code", {}, batch.id)) },
  { name: "Status", cell: (batch) => chip(batch.status) },
  { name: "Done", numeric: true, cell: (batch) => `${batch.counts.done} of ${batch.pairs}` },
  { name: "Matches", numeric: true, cell: (batch) => batch.counts.matches },
  { name: "Non-matches", numeric: true, cell: (batch) => batch.counts.non_matches },
  { name: "Not acquired", numeric: true, cell: (batch) => batch.counts.not_acquired },
  { name: "Failed", numeric: true, wide: true, cell: (batch) => batch.counts.failed },
  { name: "Pack", wide: true, cell: (batch) => batch.pack },
  { name: "Took", numeric: true, cell: (batch) => (batch.ended_at ? duration(secondsBetween(batch.created_at, batch.ended_at)) : "–") },
];

const begin = listing({
  path: "/v1/batches",
  form: byId("filters"),
  rows: (page) => page.batches,
  drawn: (batches) => table("Batches, newest first", COLUMNS, batches, { key: (batch) => batch.id }),
  empty: (isFiltered) => (isFiltered ? "No batch is like that." : "There is no batch yet."),
});
const packs = startingBatches(byId("batch"));
openById(byId("by-id"), "/batches/");
withKey(() => { packs(); return begin(); });
