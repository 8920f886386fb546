// The receipt of an ended comparison, on the page: fetched, downloaded and checked where the reader asks for it.
import { call, fetched } from "../api.js";
import { announce, h, show } from "../elements.js";
import { problemNote } from "../problems.js";
import { canCheck, check, contents, digest } from "./receipt.js";

/** Offer it; `files` are the photographs it should be about. */
export function showReceipt(job, files) {
  const offer = h("button", { type: "button", onclick: () => fetchIt(job, files) }, "Get the signed receipt");
  show("receipt", h("h3", {}, "Receipt"),
    h("p", { class: "soft" }, "It says what was decided, about which files, by which pack, and carries nothing of the faces."),
    h("p", { class: "row" }, offer), h("div", { id: "receipt-said" }));
}

async function fetchIt(job, files) {
  try {
    const receipt = (await (await fetched(`${job.urls.self}/receipt`)).text()).trim();
    show("receipt-said", download(job, receipt), ...(await checked(receipt, files)),
      h("details", {}, h("summary", {}, "What it says"), h("pre", { tabindex: "0" }, JSON.stringify(contents(receipt), null, 2))));
  } catch (problem) {
    show("receipt-said", problemNote(problem));
  }
}

function download(job, receipt) {
  const url = URL.createObjectURL(new Blob([receipt], { type: "application/jose" }));
  return h("p", {}, h("a", { href: url, download: `${job.id}.jws`, class: "button" }, "Download the receipt"));
}

async function checked(receipt, files) {
  if (!canCheck()) return [h("p", {}, "This browser checks signatures only on pages over https, or of this machine. ", h("code", {}, "likeness receipt verify"), " does it anywhere.")];
  const said = [];
  try {
    await check(receipt, await call("/.well-known/jwks.json"));
    said.push(h("p", { class: "good" }, "Checked in this browser: this deployment has signed it, and it was not changed."));
  } catch (error) {
    said.push(h("p", { class: "warnings" }, `It does not hold. ${error.message}`));
  }
  const { inputs } = contents(receipt);
  for (const [side, file] of Object.entries(files)) {
    const isIt = inputs[side]?.sha256 === (await digest(file));
    said.push(h("p", { class: isIt ? "good" : "warnings" }, isIt ? `The ${side} is ${file.name}, to the last bit.` : `The ${side} is another file than ${file.name}.`));
  }
  announce(said.map((one) => one.textContent).join(" "));
  return said;
}

