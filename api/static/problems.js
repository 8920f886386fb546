// What went wrong, for people: the API's own words, its code with the page that explains it, and the request's id.
import { h } from "./elements.js";

export function problemNote(problem) {
  const ours = problem.status !== 0 && problem.code !== "not_ours";
  const fields = problem.errors?.length > 1
    ? h("ul", {}, problem.errors.map((one) => h("li", {}, h("code", {}, one.pointer), ` ${one.detail}`))) : null;
  return h("div", { class: "problem", role: "alert" },
    h("p", {}, problem.detail ?? String(problem)), fields,
    h("p", { class: "soft" }, ours ? h("a", { href: `/problems/${problem.code}` }, problem.code) : problem.code ?? "",
      problem.requestId ? ` · request ${problem.requestId}` : ""));
}
