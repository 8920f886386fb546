import { call } from "../api.js";
import { chip } from "../chips.js";
import { h, show } from "../elements.js";
import { withKey } from "../key.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";
import { moment } from "../times.js";

const COLUMNS = [
  { name: "Created", cell: (job) => moment(job.created_at) },
  { name: "Job", cell: (job) => h("code", {}, job.id) },
  { name: "Status", cell: (job) => chip(job.status) },
  { name: "Decision", cell: (job) => chip(job.decision ?? job.outcome) },
];

withKey(async () => {
  try {
    const page = await call("/v1/comparisons");
    show("jobs", page.jobs.length ? table("Jobs, newest first", COLUMNS, page.jobs, { key: (job) => job.id })
      : h("p", {}, "There is no job yet."));
  } catch (problem) {
    show("jobs", problemNote(problem));
  }
});
