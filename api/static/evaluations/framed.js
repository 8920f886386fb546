// A report as a page within a page: in a frame that is nobody's, which may run what the API says this report may run.
import { h } from "../elements.js";

const DIGEST = /sha256-[A-Za-z0-9+/]{43}=/g;

/** The frame, out of the API's answer. */
export async function framed(response, title) {
  const digests = (response.headers.get("Content-Security-Policy") ?? "").match(DIGEST) ?? [];
  const report = await response.text();
  const query = new URLSearchParams(digests.map((digest) => ["digest", digest]));
  const frame = h("iframe", { class: "report", title, sandbox: "allow-scripts", src: `/evaluations/frame?${query}` });
  frame.addEventListener("load", () => frame.contentWindow.postMessage({ report }, "*"), { once: true });
  return frame;
}
