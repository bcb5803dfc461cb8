// What a network looks like while it learns: curves, weights, confusion matrix, and the map of digits.

/** @import { DigitMap, Frame, Weights } from "./train_api.js" */

import { contextOf } from "./elements.js";
import { decodePixels } from "./tiles.js";

/** One colour per class, apart in hue and lightness (Okabe and Ito 2008, with two more). */
const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#3f7fff", "#d55e00", "#cc79a7", "#ffffff", "#9a6bff", "#8a8f99"];

const SVG = "http://www.w3.org/2000/svg";

/** Accuracy, from 0 to 1, and the loss, from 0 to that of guessing. @param {SVGElement} svg @param {Frame[]} frames */
export function paintCurves(svg, frames) {
  const longest = Math.max(frames.at(-1)?.seconds ?? 1, 1e-9);
  const line = (/** @type {string} */ kind, /** @type {(frame: Frame) => number} */ height) => {
    const points = frames.map((frame) => `${(100 * frame.seconds) / longest},${100 - 100 * Math.min(height(frame), 1)}`);
    return make("polyline", { class: kind, points: points.join(" ") });
  };
  const axis = make("path", { class: "axis", d: "M0 0V100H100", fill: "none" });
  svg.replaceChildren(axis, line("accuracy", ({ accuracy }) => accuracy), line("loss", ({ loss }) => loss / Math.log(10)));
}

/** @param {string} tag @param {Record<string, string>} attributes */
function make(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Weights as pictures side by side: blue above zero, orange below. @param {HTMLCanvasElement} canvas @param {Weights} weights */
export function paintFirstLayer(canvas, { shape: [count, height, width], values }) {
  const pixels = decodePixels(values);
  const columns = Math.ceil(Math.sqrt(count));
  const image = new ImageData(columns * (width + 1) - 1, Math.ceil(count / columns) * (height + 1) - 1);
  pixels.forEach((value, index) => {
    const unit = Math.floor(index / (width * height));
    const [x, y] = [index % width, Math.floor(index / width) % height];
    const place = ((Math.floor(unit / columns) * (height + 1) + y) * image.width + (unit % columns) * (width + 1) + x) * 4;
    const share = (value - 128) / 127;
    const towards = share > 0 ? [88, 150, 255] : [255, 150, 40];
    image.data.set([...towards.map((level) => 24 + (level - 24) * Math.abs(share)), 255], place);
  });
  [canvas.width, canvas.height] = [image.width, image.height];
  contextOf(canvas).putImageData(image, 0, 0);
}

/** Rows are classes, columns what they are taken for; each row in shares, errors drawn stronger. @param {HTMLCanvasElement} canvas @param {number[][]} confusion */
export function paintConfusion(canvas, confusion) {
  const cell = 24;
  canvas.width = canvas.height = 11 * cell;
  const context = contextOf(canvas);
  context.font = `${0.55 * cell}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  confusion.forEach((row, label) => {
    const total = Math.max(row.reduce((sum, count) => sum + count, 0), 1);
    context.fillStyle = "#aeb4c2";
    context.fillText(String(label), cell / 2, (label + 1.5) * cell);
    context.fillText(String(label), (label + 1.5) * cell, cell / 2);
    row.forEach((count, answer) => {
      const share = label === answer ? count / total : Math.sqrt(count / total);
      context.fillStyle = label === answer ? `rgb(88 150 255 / ${share})` : `rgb(255 150 40 / ${share})`;
      context.fillRect((answer + 1) * cell + 1, (label + 1) * cell + 1, cell - 2, cell - 2);
    });
  });
}

/** @param {HTMLCanvasElement} canvas @param {DigitMap} map */
export function paintMap(canvas, { places, labels }) {
  const side = 400;
  canvas.width = canvas.height = side;
  const context = contextOf(canvas);
  context.font = "13px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  places.forEach(([x, y], index) => {
    context.fillStyle = COLOURS[labels[index]];
    context.fillText(String(labels[index]), side * (0.5 + 0.47 * x), side * (0.5 + 0.47 * y));
  });
}
