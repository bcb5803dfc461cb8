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
  const [r, g, b] = value < 0.6 ? mix(OFF, LIT, value / 0.6) : mix(LIT, BRIGHT, (value - 0.6) / 0.4);
  return `rgb(${r} ${g} ${b})`;
});

/** The 784 greys of a digit, from base64. */
export function greysOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function paintPixels(canvas, colourAt) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(28, 28);
  for (let index = 0; index < 784; index++) image.data.set([...colourAt(index), 255], 4 * index);
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

/** A layer's units as a grid, each as bright as what it gives; `units` may be null for a layer that was asked nothing. */
export function paintUnits(canvas, count, units) {
  const rows = rowsOf(count);
  const columns = Math.ceil(count / rows);
  const side = 512 / rows;
  if (canvas.width !== columns * side) [canvas.width, canvas.height] = [columns * side, rows * side];
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const most = Math.max(...(units ?? [0]), 1e-9);
  for (let index = 0; index < count; index++) {
    const value = units ? Math.sqrt(Math.max(units[index], 0) / most) : 0;
    context.fillStyle = RAMP[Math.round(64 * value)];
    context.beginPath();
    context.roundRect((index % columns) * side + side * 0.11, Math.floor(index / columns) * side + side * 0.11, side * 0.78, side * 0.78, side * 0.16);
    context.fill();
  }
}
