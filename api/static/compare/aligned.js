// What the recogniser is shown of a face, as near as a browser can draw it: five landmarks brought onto ArcFace's template.
// The engine cuts its own crop, from the pixels that its own decoder gave; this one is for people.

export const SIZE = 112;
const TEMPLATE = [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];
const ORDER = ["right_eye", "left_eye", "nose", "right_mouth_corner", "left_mouth_corner"];

const mean = (points) => [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);

/**
 * The similarity z -> a z + b of the complex plane that brings the landmarks nearest to the template, in the
 * least-squares sense: `worker/engine/align.py` has the same.
 */
export function similarity(landmarks) {
  const points = ORDER.map((name) => landmarks[name]);
  const [cx, cy] = mean(points), [tx, ty] = mean(TEMPLATE);
  let real = 0, imaginary = 0, norm = 0;
  points.forEach(([x, y], at) => {
    const u = x - cx, v = y - cy, s = TEMPLATE[at][0] - tx, t = TEMPLATE[at][1] - ty;
    real += u * s + v * t;
    imaginary += u * t - v * s;
    norm += u * u + v * v;
  });
  const a = [real / Math.max(norm, 1e-12), imaginary / Math.max(norm, 1e-12)];
  return { a, b: [tx - (a[0] * cx - a[1] * cy), ty - (a[1] * cx + a[0] * cy)] };
}

/** Draw the crop of an image that lies before us as the engine saw it; `scale` is 1 for 112 pixels a side. */
export function drawCrop(canvas, image, landmarks, scale = 1) {
  const { a: [re, im], b: [x, y] } = similarity(landmarks);
  canvas.width = canvas.height = SIZE * scale;
  const context = canvas.getContext("2d");
  context.fillStyle = "#000"; // what lies outside the image is black there too
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  // A pixel's centre is at (0, 0) for the engine, and at (0.5, 0.5) for a canvas.
  const half = [0.5 * (1 - re + im), 0.5 * (1 - im - re)];
  context.setTransform(scale * re, scale * im, -scale * im, scale * re, scale * (x + half[0]), scale * (y + half[1]));
  context.drawImage(image, 0, 0);
}
