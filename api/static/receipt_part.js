// A job's signed receipt: fetched, shown, saved, and checked in this tab.
import { call, fetched } from "./api.js";
import { copyable } from "./calls.js";
import { chip } from "./chips.js";
import { save } from "./downloads.js";
import { announce, h } from "./elements.js";
import { problemNote } from "./problems.js";
import { contents, fault } from "./receipts.js";

export function receiptPart(job) {
  const shown = h("div", { id: "receipt-shown" });
  const fetchIt = async () => {
    try {
      shown.replaceChildren(...await checked(job));
    } catch (problem) {
      shown.replaceChildren(problemNote(problem));
    }
  };
  return h("section", { "aria-labelledby": "receipt-title" }, h("h2", { id: "receipt-title" }, "Receipt"),
    h("p", { class: "soft" }, "What was decided, signed by this deployment: digests of both photographs and of the pack, threshold, score, decision, times. It can be checked years later, without this API."),
    h("p", {}, h("button", { type: "button", onclick: fetchIt }, "Fetch and check the receipt")), shown);
}

async function checked(job) {
  const receipt = (await (await fetched(`/v1/comparisons/${job.id}/receipt`)).text()).trim();
  const jwks = await call("/.well-known/jwks.json");
  const said = await verdict(receipt, jwks, job);
  announce(said.text);
  return [
    h("p", { class: "verdict" }, chip(said.state), ` ${said.text}`),
    h("p", { class: "row" },
      h("button", { type: "button", onclick: () => save(new Blob([`${receipt}\n`]), `${job.id}.jws`) }, "Save the receipt"),
      h("button", { type: "button", onclick: () => save(new Blob([JSON.stringify(jwks)]), "jwks.json") }, "Save the public key")),
    h("details", {}, h("summary", {}, "What it says"), copyable(JSON.stringify(contents(receipt), null, 2), "What the receipt says")),
    h("details", {}, h("summary", {}, "To check it elsewhere"), copyable(`likeness receipt verify ${job.id}.jws --jwks jwks.json`, "Command")),
  ];
}

async function verdict(receipt, jwks, job) {
  let why;
  try {
    why = await fault(receipt, jwks);
  } catch (error) {
    return { state: "warning", text: `This browser cannot check the signature: ${error.message}.` };
  }
  if (why) return { state: "failed", text: `The receipt does not hold: ${why}.` };
  const said = contents(receipt);
  const isThis = said.sub === job.id && said.score === job.score && said.decision === job.decision;
  if (!isThis) return { state: "failed", text: "The receipt is signed, but says something else than this page." };
  return { state: "ok", text: "The receipt holds: this deployment's key signed it, and it says what this page says." };
}
