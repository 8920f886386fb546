// Files for the reader: an answer that needs a key is fetched, and then saved from the tab.
import { fetched } from "./api.js";
import { h } from "./elements.js";

/** Have the browser save it. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/** Fetch with the key, and save. Throws Problem. */
export async function download(path, name) {
  save(await (await fetched(path)).blob(), name);
}
