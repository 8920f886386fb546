// What was seen in an image, drawn over it: every face, the one that counts, and its five landmarks.
// Coordinates are those of the image as it was sent, upright by its EXIF orientation, as a browser shows it: a face for
// which the engine turned the image (`turned_deg`) has been brought back to it.
import { h, svg } from "../elements.js";
import { plural } from "./words.js";

const NAMES = {
  right_eye: "right eye", left_eye: "left eye", nose: "tip of the nose",
  right_mouth_corner: "right corner of the mouth", left_mouth_corner: "left corner of the mouth",
};

/** A drawing to be laid over the image. Each line is drawn twice: a light one below, so that it shows on any image. */
export function marks(seen, side) {
  const drawn = svg("svg", { class: "marks", viewBox: `-0.5 -0.5 ${seen.width} ${seen.height}`, role: "img", "aria-label": told(seen, side) },
    svg("rect", { class: "paper", x: -0.5, y: -0.5, width: seen.width, height: seen.height }));
  for (const face of [...seen.faces].sort((one, other) => one.chosen - other.chosen)) {
    const [left, top, right, bottom] = face.box;
    const place = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
    const says = `${face.chosen ? "the face that counts" : "another face"}, detection score ${face.detection_score}`;
    drawn.append(svg("g", { class: face.chosen ? "face chosen" : "face" },
      svg("rect", { ...place, class: "below" }), svg("rect", { ...place, class: "line" }, svg("title", {}, says))));
  }
  for (const [name, [x, y]] of Object.entries(seen.landmarks ?? {})) {
    const dot = `M${x} ${y}h0`;
    drawn.append(svg("g", { class: "landmark" }, svg("path", { d: dot, class: "below" }), svg("path", { d: dot, class: "line" }, svg("title", {}, NAMES[name]))));
  }
  return drawn;
}

/** The same in words. */
export function told(seen, side) {
  const chosen = seen.faces.find((face) => face.chosen);
  const found = `${plural(seen.faces_found, "face")} found in the ${side}`;
  return chosen ? `${found}; the one that counts is at ${chosen.box.map(Math.round).join(", ")}, with five landmarks` : found;
}

/** Whether the browser shows the image as the engine saw it; one of the two may not know how it is to be turned. */
export const fits = (image, seen) =>
  Math.abs(image.naturalWidth * seen.height - image.naturalHeight * seen.width) <= 0.01 * image.naturalWidth * seen.height;

/** What the lines mean, of those that are there. */
export function legend(seen) {
  const chosen = seen.faces.some((face) => face.chosen), others = seen.faces.some((face) => !face.chosen);
  return h("p", { class: "soft legend" },
    chosen ? [h("span", { class: "key chosen" }), ` the face that counts${seen.landmarks ? ", with five landmarks" : ""} `] : null,
    others ? [h("span", { class: "key" }), chosen ? " other faces" : " faces, of which none counts"] : null);
}
