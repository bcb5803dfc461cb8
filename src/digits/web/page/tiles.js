// Pixels, units and evidence, painted as squares on tiles that are dark in both themes.

import { contextOf } from "./elements.js";

const OFF = [36, 39, 49];
const LIT = [108, 140, 255];
const BRIGHT = [240, 244, 255];
/** Blue and orange, which stay distinct with every common colour blindness. */
const FOR = [88, 150, 255];
const AGAINST = [255, 150, 40];

/** @param {number[]} a @param {number[]} b @param {number} share of b */
const mix = (a, b, share) => a.map((value, index) => Math.round(value + (b[index] - value) * share));

/** From dark through the accent to white, for 0–1 in 64 steps. */
const RAMP = Array.from({ length: 65 }, (_, step) => {
  const value = step / 64;
  return `rgb(${value < 0.6 ? mix(OFF, LIT, value / 0.6) : mix(LIT, BRIGHT, (value - 0.6) / 0.4)})`;
});

/** Decode the 784 grey values of a digit. @param {string} base64 */
export function decodePixels(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** @param {HTMLCanvasElement} canvas @param {(index: number) => number[]} colourAt */
function paint(canvas, colourAt) {
  const image = new ImageData(28, 28);
  for (let index = 0; index < 784; index++) image.data.set([...colourAt(index), 255], 4 * index);
  contextOf(canvas).putImageData(image, 0, 0);
}

/** Paint a digit as the network sees it. @param {HTMLCanvasElement} canvas @param {Uint8Array} pixels */
export function paintPixels(canvas, pixels) {
  paint(canvas, (index) => [pixels[index], pixels[index], pixels[index]]);
}

/** @param {HTMLCanvasElement} canvas */
export const clearCanvas = (canvas) => contextOf(canvas).clearRect(0, 0, canvas.width, canvas.height);

/**
 * Paint a digit in dim grey, with every pixel coloured by its contribution to the answer.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} pixels
 * @param {number[]} contributions
 */
export function paintEvidence(canvas, pixels, contributions) {
  const largest = Math.max(...contributions.map(Math.abs), 1e-9);
  paint(canvas, (index) => {
    const grey = 14 + 0.32 * pixels[index];
    const share = contributions[index] / largest;
    // the root makes small contributions visible beside a few large ones
    return mix([grey, grey, grey + 4], share > 0 ? FOR : AGAINST, Math.sqrt(Math.abs(share)));
  });
}

/** Rows in which a layer is shown. @param {number} units */
export const countRows = (units) => (units <= 512 ? 16 : 32);

/**
 * Paint the units of a layer as a grid of squares, brighter for larger activations.
 * @param {HTMLCanvasElement} canvas
 * @param {number} count
 * @param {number[] | null} units activations; null before the first digit
 * @param {number} side of a square, in whole screen pixels, so that all look alike
 */
export function paintUnits(canvas, count, units, side) {
  const rows = countRows(count);
  const columns = Math.ceil(count / rows);
  if (canvas.width !== columns * side || canvas.height !== rows * side) {
    [canvas.width, canvas.height] = [columns * side, rows * side];
  }
  clearCanvas(canvas);
  const context = contextOf(canvas);
  const gap = Math.max(1, Math.round(side * 0.15));
  const largest = Math.max(...(units ?? [0]), 1e-9);
  for (let index = 0; index < count; index++) {
    const value = Math.sqrt(Math.max(units?.[index] ?? 0, 0) / largest);
    context.fillStyle = RAMP[Math.round(64 * value)];
    context.fillRect((index % columns) * side, Math.floor(index / columns) * side, side - gap, side - gap);
  }
}
