// The API key: asked for once a tab, kept in that tab's sessionStorage, sent to this deployment alone.
import { byId, h } from "./elements.js";

const NAME = "likeness.key";
const form = byId("key");

/** The key, or null. */
export const key = () => sessionStorage.getItem(NAME);

/** Whether this deployment asks for one. */
export const keysAreOn = () => form.dataset.keys === "on";

/** The id in a key, which is no secret: `lk_<id>_<secret>`. */
const idOf = (text) => /^lk_([0-9a-z]+)_/.exec(text)?.[1] ?? "of this tab";

/** Call `begin` once a key is there, or at once where none is asked for; and again whenever another is given. */
export function withKey(begin) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = form.elements.key.value.trim();
    form.reset();
    if (!/^[\x21-\x7e]+$/.test(typed)) return askForKey("A key is letters, digits, - and _ without spaces: lk_, its id, _, its secret.");
    sessionStorage.setItem(NAME, typed);
    held();
    return begin();
  });
  if (keysAreOn() && !key()) return askForKey("");
  held();
  return begin();
}

/** Show the field again, with why. */
export function askForKey(why) {
  byId("key-held").replaceChildren();
  byId("content").hidden = true;
  byId("key-said").textContent = why;
  form.hidden = false;
  form.elements.key.focus();
}

function held() {
  form.hidden = true;
  byId("content").hidden = false;
  if (!keysAreOn()) return;
  const forget = h("button", { type: "button", class: "plain", onclick: () => {
    sessionStorage.removeItem(NAME);
    location.reload();
  } }, "Forget it");
  byId("key-held").replaceChildren("Key ", h("code", {}, idOf(key())), " ", forget);
}
