// Makes elements. Text is always text: nothing that a client has sent is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element: h("a", { href: "/jobs", onclick: f }, "Jobs"). Attributes that are null or false are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Put these, and nothing else, into the element of that id. What is drawn again while it has the focus keeps it. */
export function show(id, ...children) {
  const place = byId(id), focused = place.contains(document.activeElement) ? document.activeElement : null;
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (focused?.matches("button, a, summary"))
    [...place.querySelectorAll(focused.tagName)].find((one) => one.textContent === focused.textContent)?.focus();
}

/** Have a screen reader say it. */
export function announce(text) {
  const said = byId("said");
  if (said.textContent !== text) said.textContent = text;
}

/** Names and what they stand for. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(Boolean).map(([name, ...value]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, ...value))));
}
