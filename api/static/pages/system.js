import { call } from "../api.js";
import { byId, h, show } from "../elements.js";
import { follow } from "../following.js";
import { withKey } from "../key.js";
import { problemNote } from "../problems.js";
import { deployment } from "../system/deployment.js";
import { checks, engines, key, own } from "../system/facts.js";
import { moment } from "../times.js";

const EVERY_S = 5;
let looking = null;

function drawn(system, me) {
  show("as-of", "As of ", moment(system.at), ".");
  show("system",
    h("p", { class: `ready ${system.ready ? "good" : "warned"}`, id: "ready" }, system.ready ? "Ready: comparisons are served now." : "Not ready: comparisons would not be served now."),
    h("h2", {}, "Stores and workers"), checks(system.checks),
    system.deployment ? deployment(system.deployment) : h("p", { class: "soft" }, "Workers, queues and findings are shown to a key with the scope admin."),
    h("h2", {}, "Packs in memory"), engines(system.engines),
    h("h2", {}, system.keys ? "Your key" : "Who may call"), key(me), own(system.own),
    h("h2", {}, "Versions"), versions(system));
}

const versions = (system) => h("dl", { class: "facts" }, Object.entries({ likeness: system.version, ...system.deployment?.versions }).map(([name, version]) =>
  h("div", {}, h("dt", {}, name[0].toUpperCase() + name.slice(1)), h("dd", {}, version))));

function begin() {
  looking?.abort();
  looking = new AbortController();
  const { signal } = looking;
  return follow(async () => {
    const [system, me] = await Promise.all([call("/v1/system", { signal }), call("/v1/me", { signal })]);
    show("system-said");
    drawn(system, me);
    return byId("again").checked ? EVERY_S : null;
  }, { signal, failed: (problem) => show("system-said", problemNote(problem)) });
}

byId("again").addEventListener("change", () => { if (byId("again").checked) begin(); });
withKey(begin);
