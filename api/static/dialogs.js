// Questions before what cannot be undone. A dialog is modal: the page behind waits, and Escape means no.
import { h } from "./elements.js";

/**
 * Resolves to whether the reader said yes. `no` is where the focus is at first; `besides` stands below what is explained;
 * where nothing can be said yes to, `yes` is empty.
 */
export function asked(question, { explained = "", besides = [], yes = "Yes", no = "No", danger = true } = {}) {
  const dialog = h("dialog", { "aria-labelledby": "question" },
    h("h2", { id: "question" }, question),
    explained && h("p", {}, explained), besides,
    h("p", { class: "row" },
      h("button", { type: "button", autofocus: true, onclick: () => dialog.close("") }, no),
      yes && h("button", { type: "button", class: danger ? "danger" : "main", onclick: () => dialog.close("yes") }, yes)));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); }, { once: true });
  });
}
