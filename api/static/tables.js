// A table that becomes a list of cards where the window is narrow. Roles are said, for `display` would take them away.
import { h } from "./elements.js";

/**
 * `columns`: { name, cell: (row) => nodes, numeric, wide }. A column without a name has buttons in it; a wide one is left
 * out of cards.
 * `key`: (row) => id, by which a test or a script finds a row again.
 */
export function table(caption, columns, rows, { key } = {}) {
  const kind = (column) => [column.numeric && "n", column.wide && "wide"].filter(Boolean).join(" ") || null;
  const head = h("tr", { role: "row" }, columns.map((column) =>
    h("th", { role: "columnheader", scope: "col", class: kind(column) }, column.name || h("span", { class: "away" }, "What can be done"))));
  const body = rows.map((row) => h("tr", { role: "row", "data-id": key?.(row) }, columns.map((column) =>
    h("td", { role: "cell", class: kind(column), "data-label": column.name || null }, h("div", {}, column.cell(row))))));
  return h("table", { class: "cards", role: "table" },
    h("caption", { class: "away" }, caption),
    h("thead", { role: "rowgroup" }, head), h("tbody", { role: "rowgroup" }, body));
}
