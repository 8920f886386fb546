// A list of the API: filtered by the address's query, in pages by cursor, looked at again while the reader looks.
import { fetched, Problem } from "./api.js";
import { announce, byId, h, show } from "./elements.js";
import { follow } from "./following.js";
import { offerPacks } from "./pack_names.js";
import { problemNote } from "./problems.js";

const LOOK_AGAIN_S = 5;

/**
 * Show a list in `#list`, with its pages below. `path`: of the API. `form`: the filters, whose fields are called as the
 * API's parameters. `rows(answer)`: what is in a page; `drawn(rows)`: its table; `empty`: what to say of none.
 * Returns the function that begins, and looks again at once where it has begun.
 */
export function listing({ path, form, rows, drawn, empty }) {
  let watching = new AbortController();
  let last = "";

  function draw(page) {
    const found = rows(page);
    const focused = document.activeElement?.closest?.("#list [data-id]")?.dataset.id;
    const place = focused && [...document.activeElement.closest("[data-id]").querySelectorAll("a, button, input")].indexOf(document.activeElement);
    show("list", found.length ? drawn(found) : h("p", { class: "soft" }, page.next_cursor ? "None among those that were looked at: the search goes on with older ones." : empty(isFiltered())), pages(page));
    if (focused) byId("list").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.querySelectorAll("a, button, input")[place]?.focus();
  }

  const isFiltered = () => [...new URLSearchParams(location.search).keys()].some((name) => name !== "cursor");

  function pages(page) {
    const to = (cursor) => {
      const query = new URLSearchParams(location.search);
      query.delete("cursor");
      if (cursor) query.set("cursor", cursor);
      return `${location.pathname}${query.size ? `?${query}` : ""}`;
    };
    const isFirst = !new URLSearchParams(location.search).has("cursor");
    if (isFirst && !page.next_cursor) return null;
    return h("nav", { "aria-label": "Pages of the list", class: "row" },
      isFirst ? null : h("a", { href: to(null) }, "Newest"),
      page.next_cursor ? h("a", { href: to(page.next_cursor), rel: "next" }, "Older") : h("span", { class: "soft" }, "There is nothing older."));
  }

  async function look(signal) {
    const query = new URLSearchParams(location.search);
    const response = await fetched(`${path}${query.size ? `?${query}` : ""}`, { signal });
    const text = await response.text();
    if (text === last) return LOOK_AGAIN_S;
    last = text;
    draw(JSON.parse(text));
    return LOOK_AGAIN_S;
  }

  async function begin() {
    if (form?.elements.pack?.length === 1) {
      await offerPacks(form.elements.pack);
      refill(form);
    }
    watching.abort();
    watching = new AbortController();
    const { signal } = watching;
    last = "";
    return follow(() => look(signal), { signal, failed: (problem) => {
      last = "";
      if (!(problem instanceof Problem)) throw problem;
      show("list", problemNote(problem));
    } });
  }

  function filter() {
    const query = new URLSearchParams(queryOf(form));
    history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
    begin();
    announce("The list is filtered.");
  }

  if (form) {
    refill(form);
    const more = form.querySelector("details");
    if (more) more.open = [...more.querySelectorAll("input, select")].some((field) => field.value);
    form.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
    form.addEventListener("change", filter);
    form.addEventListener("reset", () => setTimeout(filter));
  }
  return begin;
}

/** What the fields ask for. A moment is sent in UTC; `order=4711` of the metadata as `metadata.order`. */
function* queryOf(form) {
  for (const field of form.elements) {
    const value = field.value?.trim();
    if (!value || !field.validity.valid) continue;
    if ("metadata" in field.dataset) {
      const [name, ...rest] = value.split("=");
      yield [`metadata.${name.trim()}`, rest.join("=").trim()];
    } else if (!field.name) continue;
    else if (field.type === "datetime-local") yield [field.name, new Date(value).toISOString()];
    else yield [field.name, value];
  }
}

/** The fields as the address has them. */
function refill(form) {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name);
    if (name.startsWith("metadata.") && form.querySelector("[data-metadata]"))
      form.querySelector("[data-metadata]").value = `${name.slice("metadata.".length)}=${value}`;
    if (!field) continue;
    if (field.type !== "datetime-local") field.value = value;
    else {
      const at = new Date(value);
      if (!Number.isNaN(at.valueOf()))
        field.value = new Date(at - 60000 * at.getTimezoneOffset()).toISOString().slice(0, 16);
    }
  }
}
