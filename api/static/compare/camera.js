// A photograph from the camera, which is on for as long as its window is open, and is never turned on unasked.
import { byId } from "../elements.js";

/** The photograph that is taken, as a file, or null. Throws an Error that says why there is no camera. */
export async function photograph(side) {
  if (!navigator.mediaDevices) throw new Error("A browser gives the camera to pages over https, or of this machine (localhost), only.");
  const dialog = byId("camera"), video = dialog.querySelector("video");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } }, audio: false });
  } catch (error) {
    throw new Error(WHY[error.name] ?? `The camera cannot be used: ${error.message}`);
  }
  try {
    video.srcObject = stream;
    dialog.querySelector(".for").textContent = side;
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    return dialog.returnValue === "take" ? await frame(video, side) : null;
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}

const WHY = {
  NotAllowedError: "The browser was not allowed to use the camera: allow it for this page, and click again.",
  NotFoundError: "There is no camera.",
  NotReadableError: "The camera is in use by another program.",
};

/** As the camera sees it; only the preview is mirrored. */
async function frame(video, side) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.95); });
  if (!blob) throw new Error("The camera has not shown anything yet: click again.");
  return new File([blob], `camera-${side}.jpg`, { type: "image/jpeg" });
}
