// The call that a page makes, as one would make it elsewhere: curl, Python, and the JSON that comes back.
import { announce, h } from "./elements.js";
import { keysAreOn } from "./key.js";

/** What has to stand in a curl command for the key: its variable, never the key. */
export const curlKey = () => (keysAreOn() ? ' -H "Authorization: Bearer $LIKENESS_API_KEY"' : "");

/** The client as this page's reader would make it. */
export const pythonClient = () =>
  `Client("${location.origin}"${keysAreOn() ? ', key=os.environ["LIKENESS_API_KEY"]' : ""})`;

/** A text in a shell's single quotes. */
export const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/** A text that can be copied with one button; where the browser refuses its clipboard, the text is selected. */
export function copyable(text, name) {
  const shown = h("pre", { tabindex: "0", role: "group", "aria-label": name }, h("code", {}, text));
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce(`${name} copied`);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    } catch {
      getSelection().selectAllChildren(shown);
      announce(`${name} selected`);
    }
  };
  const button = h("button", { type: "button", class: "copy", "aria-label": `Copy: ${name}`, onclick: copy }, "Copy");
  return h("div", { class: "copyable" }, button, shown);
}

/** `{ curl, python, json }`, each folded up. */
export function sameCall({ curl, python, json }) {
  const folded = (name, text) => h("details", {}, h("summary", {}, name), copyable(text, name));
  return h("section", { "aria-labelledby": "same-call" }, h("h2", { id: "same-call" }, "The same call"),
    curl && folded("curl", curl), python && folded("Python", python),
    json && folded("JSON", JSON.stringify(json, null, 2)));
}
