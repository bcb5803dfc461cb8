// Greys, units and evidence, painted as squares. The tiles are dark in both themes, as the network's side of the glass.

const OFF = [36, 39, 49];
const LIT = [108, 140, 255];
const BRIGHT = [240, 244, 255];
/** Blue and orange, which no common colour blindness confuses. */
const FOR = [88, 150, 255];
const AGAINST = [255, 150, 40];

const mix = (a, b, share) => a.map((value, index) => Math.round(value + (b[index] - value) * share));

/** From nothing through the accent to white, for 0–1 in 64 steps. */
const RAMP = Array.from({ length: 65 }, (_, step) => {
  const value = step / 64;
  return `rgb(${value < 0.6 ? mix(OFF, LIT, value / 0.6) : mix(LIT, BRIGHT, (value - 0.6) / 0.4)})`;
});

/** The 784 greys of a digit, from base64. */
export function greysOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function paintPixels(canvas, colourAt) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(28, 28);
  for (let index = 0; index < 784; index++) {
    const [r, g, b] = colourAt(index);
    image.data[4 * index] = r;
    image.data[4 * index + 1] = g;
    image.data[4 * index + 2] = b;
    image.data[4 * index + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** The picture as the network gets it. */
export function paintGreys(canvas, greys) {
  paintPixels(canvas, (index) => [greys[index], greys[index], greys[index]]);
}

export function paintNothing(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

/** Which ink spoke for and against: the digit in dim grey, each pixel coloured by its share in the answer. */
export function paintEvidence(canvas, greys, shares) {
  // the root, since a few pixels say much and many say something
  const most = Math.max(...shares.map(Math.abs), 1e-9);
  paintPixels(canvas, (index) => {
    const grey = 14 + 0.32 * greys[index];
    const share = shares[index] / most;
    return mix([grey, grey, grey + 4], share > 0 ? FOR : AGAINST, Math.sqrt(Math.abs(share)));
  });
}

/** Rows that a layer of so many units is shown in. */
export const rowsOf = (units) => (units <= 512 ? 16 : 32);

/**
 * A layer's units as a grid of squares, each as bright as what it gives.
 * @param {HTMLCanvasElement} canvas
 * @param {number} count
 * @param {number[] | null} units null for a layer that was asked nothing
 * @param {number} side pixels of the screen that a unit gets: whole ones, so that all look alike
 */
export function paintUnits(canvas, count, units, side) {
  const rows = rowsOf(count);
  const columns = Math.ceil(count / rows);
  if (canvas.width !== columns * side || canvas.height !== rows * side) {
    [canvas.width, canvas.height] = [columns * side, rows * side];
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const gap = Math.max(1, Math.round(side * 0.15));
  const most = Math.max(...(units ?? [0]), 1e-9);
  for (let index = 0; index < count; index++) {
    const value = Math.sqrt(Math.max(units?.[index] ?? 0, 0) / most);
    context.fillStyle = RAMP[Math.round(64 * value)];
    context.fillRect((index % columns) * side, Math.floor(index / columns) * side, side - gap, side - gap);
  }
}
