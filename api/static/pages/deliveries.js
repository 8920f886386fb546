import { call } from "../api.js";
import { chip } from "../chips.js";
import { asked } from "../dialogs.js";
import { announce, byId, h, show } from "../elements.js";
import { withKey } from "../key.js";
import { listing } from "../listing.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";
import { moment } from "../times.js";

async function replay(delivery) {
  await act(() => call(delivery.urls.replay, { method: "POST" }), "It is due now.");
}

const COLUMNS = [
  { name: "Created", cell: (one) => moment(one.created_at) },
  { name: "Event", cell: (one) => h("a", { href: `/deliveries/${one.id}` }, h("code", {}, one.id)) },
  { name: "Type", cell: (one) => one.type },
  { name: "Status", cell: (one) => chip(one.status) },
  { name: "To", cell: (one) => h("span", { class: "url" }, one.url) },
  { name: "Attempts", numeric: true, cell: (one) => one.attempts },
  { name: "Next", cell: (one) => moment(one.next_attempt_at) },
  { name: "", cell: (one) => h("button", { type: "button", "aria-label": `Replay ${one.id}`, onclick: () => replay(one) }, "Replay") },
];

const begin = listing({
  path: "/v1/webhook-deliveries",
  form: byId("filters"),
  rows: (page) => page.deliveries,
  drawn: (found) => table("Deliveries, newest first", COLUMNS, found, { key: (one) => one.id }),
  empty: (isFiltered) => (isFiltered ? "No delivery is like that."
    : "Nothing was announced yet: send a callback_url with a job, or register an endpoint."),
});

async function act(what, said) {
  try {
    const answer = await what();
    show("problem");
    announce(typeof said === "function" ? said(answer) : said);
    begin();
  } catch (problem) {
    show("problem", problemNote(problem));
  }
}

byId("replay-dead").addEventListener("click", async () => {
  const explained = "Each is sent again with its whole schedule before it, at most some hundreds at a time.";
  if (await asked("Replay every delivery that is dead?", { explained, yes: "Replay them", no: "No", danger: false }))
    await act(() => call("/v1/webhook-deliveries/replay", { method: "POST", json: { status: "dead" } }),
      (answer) => `${answer.replayed} are due now${answer.more ? "; there are more" : ""}.`);
});

withKey(begin);
