// Pixels, units and evidence, painted as squares on tiles that are dark in both themes.

import { contextOf } from "./elements.js";

const OFF = [36, 39, 49];
const LIT = [108, 140, 255];
const BRIGHT = [240, 244, 255];
/** Blue and orange, which stay distinct with every common colour blindness. */
const FOR = [88, 150, 255];
const AGAINST = [255, 150, 40];
/** The weight 0, between both. */
const NEUTRAL = [20, 22, 28];
/** Width over height of a stage of feature maps. */
const MAPS_RATIO = 1.6;
/** What marks the unit that is chosen, and one that is off. */
const CHOSEN = "#ffb000";
const CROSS = "#ff9628";

/** @param {number[]} a @param {number[]} b @param {number} share of b */
const mix = (a, b, share) => a.map((value, index) => Math.round(value + (b[index] - value) * share));

/** From dark through the accent to white. @param {number} value 0–1 */
const ramp = (value) => (value < 0.6 ? mix(OFF, LIT, value / 0.6) : mix(LIT, BRIGHT, (value - 0.6) / 0.4));

/** The same in 64 steps, as the browser names colours. */
const RAMP = Array.from({ length: 65 }, (_, step) => `rgb(${ramp(step / 64)})`);

/** The same for every byte; the root makes small values visible. */
const BYTES = Array.from({ length: 256 }, (_, byte) => ramp(Math.sqrt(byte / 255)));

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

/** Paint the weights of a unit: blue where ink lights it up, orange where ink keeps it dark. @param {HTMLCanvasElement} canvas @param {number[]} weights */
export function paintWeights(canvas, weights) {
  const largest = Math.max(...weights.map(Math.abs), 1e-9);
  paint(canvas, (index) => mix(NEUTRAL, weights[index] > 0 ? FOR : AGAINST, Math.abs(weights[index]) / largest));
}

/**
 * Paint the feature maps of a stage side by side, in as many rows as make them fill their place.
 * @param {HTMLCanvasElement} canvas
 * @param {{channels: number, height: number, width: number}} stage
 * @param {Uint8Array} values map by map, row by row
 */
export function paintMaps(canvas, { channels, height, width }, values) {
  const columns = Math.ceil(Math.sqrt((channels * MAPS_RATIO * height) / width));
  const rows = Math.ceil(channels / columns);
  const image = new ImageData(columns * (width + 1) - 1, rows * (height + 1) - 1);
  for (let channel = 0; channel < channels; channel++) {
    const [left, top] = [(channel % columns) * (width + 1), Math.floor(channel / columns) * (height + 1)];
    for (let pixel = 0; pixel < width * height; pixel++) {
      const place = (top + Math.floor(pixel / width)) * image.width + left + (pixel % width);
      image.data.set([...BYTES[values[channel * width * height + pixel]], 255], 4 * place);
    }
  }
  if (canvas.width !== image.width || canvas.height !== image.height) {
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.style.setProperty("--ratio", String(image.width / image.height));
  }
  contextOf(canvas).putImageData(image, 0, 0);
}

/** Rows in which a layer is shown. @param {number} units */
export const countRows = (units) => (units <= 512 ? 16 : 32);

/**
 * Paint the units of a layer as a grid of squares, brighter for larger activations.
 * @param {HTMLCanvasElement} canvas
 * @param {number} count
 * @param {number[] | null} units activations; null before the first digit
 * @param {number} side of a square, in whole screen pixels, so that all look alike
 * @param {number} chosen the unit to mark, or -1
 * @param {(unit: number) => boolean} isOff whether a unit is switched off
 */
export function paintUnits(canvas, count, units, side, chosen, isOff) {
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
    const [left, top] = [(index % columns) * side, Math.floor(index / columns) * side];
    context.fillRect(left, top, side - gap, side - gap);
    if (isOff(index)) cross(context, left, top, side - gap);
  }
  if (chosen < 0) return;
  context.lineWidth = Math.max(2, gap);
  context.strokeStyle = CHOSEN;
  context.strokeRect((chosen % columns) * side, Math.floor(chosen / columns) * side, side - gap, side - gap);
}

/** @param {CanvasRenderingContext2D} context @param {number} left @param {number} top @param {number} side */
function cross(context, left, top, side) {
  context.strokeStyle = CROSS;
  context.lineWidth = Math.max(1, side / 6);
  context.beginPath();
  context.moveTo(left, top);
  context.lineTo(left + side, top + side);
  context.moveTo(left + side, top);
  context.lineTo(left, top + side);
  context.stroke();
}
