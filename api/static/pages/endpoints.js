import { call } from "../api.js";
import { copyable } from "../calls.js";
import { chip } from "../chips.js";
import { asked } from "../dialogs.js";
import { announce, byId, h, show } from "../elements.js";
import { withKey } from "../key.js";
import { listing } from "../listing.js";
import { problemNote } from "../problems.js";
import { table } from "../tables.js";
import { moment } from "../times.js";

const form = byId("endpoint");
const button = (one, name, what) => h("button", { type: "button", "aria-label": `${name}: ${one.url}`, onclick: what }, name);

const COLUMNS = [
  { name: "URL", cell: (one) => [h("span", { class: "url" }, one.url), one.description && h("span", { class: "soft" }, ` ${one.description}`)] },
  { name: "Endpoint", wide: true, cell: (one) => h("code", {}, one.id) },
  { name: "State", cell: (one) => chip(one.enabled ? "enabled" : "disabled") },
  { name: "Told of", cell: (one) => (one.event_types.length === form.elements.event_types.length ? "everything" : one.event_types.join(", ")) },
  { name: "Registered", cell: (one) => moment(one.created_at) },
  { name: "", cell: (one) => h("span", { class: "row" },
    button(one, "Test", () => test(one)),
    button(one, "New secret", () => rotate(one)),
    button(one, one.enabled ? "Disable" : "Enable", () => act(() => call(one.urls.self, { method: "PATCH", json: { enabled: !one.enabled } }))),
    button(one, "Remove", () => remove(one))) },
];

const begin = listing({
  path: "/v1/webhook-endpoints",
  rows: (page) => page.endpoints,
  drawn: (found) => table("Endpoints, newest first", COLUMNS, found, { key: (one) => one.id }),
  empty: () => "There is no endpoint yet.",
});

async function act(what, said = "Done.") {
  try {
    const answer = await what();
    show("problem");
    announce(said);
    begin();
    return answer;
  } catch (problem) {
    show("problem", problemNote(problem));
    return null;
  }
}

/** Shown this once: it is in no answer again, and nowhere kept in this tab. */
function showSecret(endpoint, said) {
  show("secret", h("div", { class: "panel" }, h("h2", {}, said),
    h("p", {}, `The secret of ${endpoint.url}. It is shown this once: put it where its consumer verifies signatures.`),
    copyable(endpoint.secret, "The secret"),
    h("p", {}, h("button", { type: "button", onclick: () => show("secret") }, "I have it"))));
  byId("secret").scrollIntoView({ block: "nearest" });
}

async function test(endpoint) {
  const delivery = await act(() => call(endpoint.urls.test, { method: "POST" }), "A test event is on its way.");
  if (delivery) show("secret", h("p", {}, "A test event is on its way: ", h("a", { href: `/deliveries/${delivery.id}` }, h("code", {}, delivery.id))));
}

async function rotate(endpoint) {
  const explained = "The secret before signs as well for a day, so that either verifies.";
  if (!await asked(`A new secret for ${endpoint.url}?`, { explained, yes: "Make one", no: "No", danger: false })) return;
  const changed = await act(() => call(endpoint.urls.rotate_secret, { method: "POST", json: {} }));
  if (changed) showSecret(changed, "A new secret");
}

async function remove(endpoint) {
  if (await asked(`Remove ${endpoint.url}?`, { explained: "Nothing more is sent there.", yes: "Remove it", no: "Keep it" }))
    await act(() => call(endpoint.urls.self, { method: "DELETE" }), "It is removed.");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { url, description } = form.elements;
  const types = [...form.querySelectorAll("[name=event_types]:checked")].map((box) => box.value);
  const json = { url: url.value, event_types: types, ...(description.value ? { description: description.value } : {}) };
  const made = await act(() => call("/v1/webhook-endpoints", { method: "POST", json }), "It is registered.");
  if (!made) return;
  form.reset();
  showSecret(made, "It is registered");
});

withKey(begin);
