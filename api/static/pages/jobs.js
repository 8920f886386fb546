import { chip } from "../chips.js";
import { byId, h } from "../elements.js";
import { withKey } from "../key.js";
import { listing } from "../listing.js";
import { openById } from "../opening.js";
import { table } from "../tables.js";
import { duration, moment, secondsBetween } from "../times.js";

const COLUMNS = [
  { name: "Created", cell: (job) => moment(job.created_at) },
  { name: "Job", cell: (job) => h("a", { href: `/jobs/${job.id}` }, h("code", {}, job.id)) },
  { name: "Status", cell: (job) => chip(job.status) },
  { name: "Decision", cell: (job) => chip(job.decision ?? job.outcome) },
  { name: "Score", numeric: true, cell: (job) => job.score?.toFixed(4) ?? "–" },
  { name: "Threshold", numeric: true, wide: true, cell: (job) => job.threshold },
  { name: "Pack", wide: true, cell: (job) => job.pack },
  { name: "Took", numeric: true, cell: (job) => (job.ended_at ? duration(secondsBetween(job.created_at, job.ended_at)) : "–") },
];

const drawn = (jobs) => table("Jobs, newest first", COLUMNS, jobs, { key: (job) => job.id });

openById(byId("by-id"), "/jobs/");
withKey(listing({
  path: "/v1/comparisons",
  form: byId("filters"),
  rows: (page) => page.jobs,
  drawn,
  empty: (isFiltered) => (isFiltered ? "No job is like that." : "There is no job yet: compare two photographs."),
}));
