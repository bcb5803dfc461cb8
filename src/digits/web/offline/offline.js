// The page in one file: a sheet, what the network reads on it, and the network at work.

/** @import { Tensor } from "./tensors.js" */
/** @import { Reading } from "./reading.js" */

import { addCrosshair } from "../page/crosshair.js";
import { byId, contextOf, create } from "../page/elements.js";
import { announce, percent } from "../page/phrases.js";
import { Sheet } from "../page/sheet.js";
import { countRows, clearCanvas, paintPixels, paintUnits } from "../page/tiles.js";
import { checkItself } from "./network.js";
import { content, numbers } from "./numbers.js";
import { read } from "./reading.js";
import { blank } from "./raster.js";

/** Pixels of the sheet's own picture: a square that needs no shrinking. */
const SHEET_SIDE = 311;

const { about } = content;
const sheet = new Sheet(byId("sheet", HTMLCanvasElement), change);
const picture = create("canvas", { width: SHEET_SIDE, height: SHEET_SIDE });
const bars = Array.from({ length: 10 }, (_, value) => createBar(value));
/** @type {HTMLElement[]} */
let tiles = [];

/** The drawing, black on white, as grey values. */
export function grey() {
  const context = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d", { willReadFrequently: true, alpha: false }));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SHEET_SIDE, SHEET_SIDE);
  context.strokeStyle = context.fillStyle = "#000";
  sheet.strokes.paint(context);
  const { data } = context.getImageData(0, 0, SHEET_SIDE, SHEET_SIDE);
  const raster = blank(SHEET_SIDE, SHEET_SIDE);
  for (let index = 0; index < raster.data.length; index++) raster.data[index] = data[4 * index];
  return raster;
}

let waits = false;

/** Read after the newest point has been painted. @param {boolean} ended */
function change(ended) {
  byId("hint").hidden = !sheet.strokes.empty;
  byId("undo", HTMLButtonElement).disabled = !sheet.strokes.canUndo;
  byId("clear", HTMLButtonElement).disabled = sheet.strokes.empty;
  if (ended) return answer(true);
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => {
    if (waits) answer(false);
  });
}

/** @param {boolean} ended */
function answer(ended) {
  waits = false;
  const began = performance.now();
  const reading = sheet.strokes.empty ? null : read(grey());
  show(reading);
  byId("took").textContent = reading ? `read in ${Math.max(Math.round(performance.now() - began), 1)} ms` : "";
  if (ended && reading) announce(`${byId("verdict").textContent}`);
}

/** @param {Reading | null} reading */
function show(reading) {
  const shares = reading?.probabilities ?? new Array(10).fill(0);
  const value = shares.indexOf(Math.max(...shares));
  const isAccepted = shares[value] >= about.threshold;
  byId("value").textContent = reading ? (isAccepted ? String(value) : "?") : "";
  byId("verdict").textContent = reading ? describe(value, shares[value], isAccepted) : "Draw a digit: the network answers at once.";
  bars.forEach(({ bar, row, number }, each) => {
    bar.style.width = `${100 * shares[each]}%`;
    number.textContent = reading ? percent(shares[each]) : "";
    row.classList.toggle("best", reading !== null && each === value);
  });
  const seen = byId("seen", HTMLCanvasElement);
  if (reading) paintPixels(seen, reading.image.data);
  else clearCanvas(seen);
  seen.setAttribute("aria-label", reading ? `What the network sees, and reads as ${value}` : "What the network sees: nothing yet");
  if (reading) showLayers(reading.layers);
  for (const tile of tiles) tile.classList.toggle("stale", !reading);
}

/** @param {number} value @param {number} share @param {boolean} isAccepted */
const describe = (value, share, isAccepted) =>
  isAccepted ? `A ${value}: ${percent(share)} % confident.` : `Probably not a digit; closest match: ${value} (${percent(share)} %).`;

/** @param {number} value */
function createBar(value) {
  const [bar, number] = [create("i"), create("td", { class: "number" })];
  const row = create("tr", {}, create("th", { scope: "row" }, String(value)), create("td", { class: "track", "aria-hidden": "true" }, bar), number);
  byId("bars").append(row);
  return { bar, number, row };
}

/** @param {Tensor[]} layers */
function showLayers(layers) {
  if (!tiles.length) {
    tiles = layers.map(createTile);
    byId("layers").append(...tiles);
  }
  layers.forEach((layer, index) => paintLayer(/** @type {HTMLCanvasElement} */ (tiles[index].querySelector("canvas")), layer));
}

/** @param {Tensor} layer */
const isMaps = ({ shape }) => shape.length === 4;

/** @param {Tensor} layer @param {number} index */
function createTile(layer, index) {
  const [, count, height, width] = layer.shape;
  const caption = isMaps(layer) ? `${count} maps of ${height} × ${width}` : `${layer.data.length} units`;
  const label = create("figcaption", {}, create("b", {}, `Layer ${index + 1}`), ` ${caption}`);
  return create("figure", {}, create("div", { class: "tile" }, create("canvas", { role: "img" })), label);
}

/** @param {HTMLCanvasElement} canvas @param {Tensor} layer */
function paintLayer(canvas, layer) {
  const values = Array.from(layer.data);
  const active = values.filter((value) => value > 0).length;
  canvas.setAttribute("aria-label", `${values.length} values, ${active} of them above zero`);
  if (isMaps(layer)) paintMaps(canvas, layer);
  else paintUnits(canvas, values.length, values, Math.max(2, Math.floor(224 / countRows(values.length))), -1, () => false);
}

/** Paint feature maps side by side, with a pixel between them. @param {HTMLCanvasElement} canvas @param {Tensor} layer */
function paintMaps(canvas, { shape: [, count, height, width], data }) {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  [canvas.width, canvas.height] = [columns * (width + 1) - 1, rows * (height + 1) - 1];
  const largest = Math.max(...data, 1e-9);
  const image = new ImageData(canvas.width, canvas.height);
  for (let map = 0; map < count; map++) {
    const [left, top] = [(map % columns) * (width + 1), Math.floor(map / columns) * (height + 1)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const share = Math.sqrt(Math.max(data[(map * height + y) * width + x], 0) / largest);
        image.data.set([36 + 204 * share, 39 + 205 * share, 49 + 206 * share, 255], 4 * ((top + y) * canvas.width + left + x));
      }
    }
  }
  contextOf(canvas).putImageData(image, 0, 0);
}

function start() {
  const accuracy = about.accuracy === null ? "" : `, ${(100 * about.accuracy).toFixed(2)} % right on its test digits`;
  byId("about").textContent = `${about.name}: ${about.network}, recipe ${about.recipe}, ${about.parameters.toLocaleString("en")} weights${accuracy}.`;
  byId("undo").addEventListener("click", () => sheet.undo());
  byId("clear").addEventListener("click", () => sheet.clear());
  addCrosshair(sheet, (sentence) => announce(sentence, 0));
  const isSound = checkItself();
  byId("check").textContent = isSound
    ? "When this page opened, the network computed the digits that its file holds as a check: the results are those of training."
    : "The network does not compute what it computed after training: this file is damaged, or this browser calculates differently. Export it again.";
  byId("check").classList.toggle("refusal", !isSound);
  sheet.strokes.fit(1);
  show(null);
  showLayers(read(example())?.layers ?? []);
  for (const tile of tiles) tile.classList.add("stale");
  document.body.dataset.ready = "yes";
}

/** A stroke, to size the tiles of the layers before anything is drawn. */
function example() {
  const raster = blank(numbers.SIDE, numbers.SIDE);
  raster.data.fill(255);
  for (let y = 6; y < 22; y++) raster.data.fill(0, y * raster.width + 13, y * raster.width + 16);
  return raster;
}

start();
