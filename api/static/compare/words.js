// What a result says, for people: what is wrong with a photograph and what to do about it, and counts in a sentence.

export const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** `0.00967` as `0.967 %`: three digits, without noughts that say nothing. */
export const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

/** A share that was asked for: `0.001` as `0.1 %`. */
export const named = (share) => `${Number((100 * share).toPrecision(12))} %`;

/** By warning or reason: what it is, and what helps. */
const TOLD = {
  extreme_pose: ["the head is turned away", "Take one that looks into the camera."],
  blurred: ["the face is blurred", "Hold the camera still, wipe its lens, or take one with more light."],
  too_dark: ["the face is too dark", "Turn the face towards the light."],
  overexposed: ["the face is overexposed", "Move out of the glare, or turn off the flash."],
  low_resolution: ["the face is too small to show detail", "Go nearer, or send the photograph in its full size."],
  face_cut_off: ["part of the face is cut off", "Send the photograph uncropped, with some space around the head."],
  no_face: ["no face was found", "Send a photograph in which the whole face is to be seen, lit and not covered."],
  multiple_faces: ["there are several faces", "Crop it to one person, or choose which face counts instead of “there must be one”."],
  face_too_small: ["the face is too small", "Go nearer, or send the photograph in its full size."],
  undecodable_image: ["the file cannot be read as an image", "It may be damaged or cut short: open it, save it anew as JPEG, and send that."],
  image_too_large: ["the image is too large", "Send a smaller copy; 2000 pixels a side are plenty."],
  presentation_attack: ["it looks like a print or a screen that shows a face", "Photograph the person, not a photograph."],
  liveness_not_judged: ["liveness could not be judged", "Leave space around the head: what is around the face is looked at too."],
};

/** What a warning or a reason is, in a clause. */
export const told = (name) => TOLD[name]?.[0] ?? name.replaceAll("_", " ");

/** What helps against it; empty for what this page does not know yet. */
export const remedy = (name) => TOLD[name]?.[1] ?? "";

/** The measures of a face, in sentences. */
export function measured(measures) {
  const looks = [turned(measures.yaw_deg, "to their left", "to their right"), turned(measures.pitch_deg, "down", "up")].filter(Boolean);
  const leans = turned(measures.roll_deg, "to their right", "to their left");
  return `Eyes ${Math.round(measures.inter_eye_distance_px)} pixels apart. Looks ${looks.join(" and ") || "straight ahead"}; ` +
    `${leans ? `leans ${leans}` : "upright"}. Sharpness ${measures.sharpness}, brightness ${measures.brightness}, contrast ${measures.contrast}.`;
}

/** Nothing for less than a degree. */
const turned = (degrees, positive, negative) =>
  (Math.abs(degrees) < 1 ? "" : `${Math.abs(Math.round(degrees))}° ${degrees < 0 ? negative : positive}`);
