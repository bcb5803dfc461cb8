// The strokes of a drawing, kept as points: they can be undone, scaled, and painted sharply or small.

import { Placed } from "./placed.js";
import { findFactors } from "./widths.js";

/** Pixels of the picture that is sent: enough to read, few enough to read between two frames. */
const AREA = 440 * 220;

/** Steps that can be undone. */
const MAX_STEPS = 200;

/** @typedef {{x: number, y: number, width: number}} Point in pixels of the picture that is sent, with the pen's width */
/** @typedef {Point[] | Placed} Item a stroke, or a digit that was placed on the sheet */

export class Strokes {
  /** @type {Item[]} */
  list = [];
  width = 440;
  height = 220;
  /** @type {Item[][]} What the sheet held before each step, the oldest first. */
  #before = [];

  get empty() {
    return this.list.length === 0;
  }

  get canUndo() {
    return this.#before.length > 0;
  }

  /** The last position of the pen. */
  get last() {
    const item = this.list.at(-1);
    return Array.isArray(item) ? item.at(-1) : undefined;
  }

  /** Adopt the shape of the sheet, and scale the drawing with it. @param {number} ratio width over height */
  fit(ratio) {
    const width = Math.round(Math.sqrt(AREA * ratio));
    const height = Math.round(width / ratio);
    const scale = Math.min(width / this.width, height / this.height);
    if (width === this.width && height === this.height) return;
    for (const item of new Set([...this.list, ...this.#before.flat()])) {
      if (Array.isArray(item)) for (const point of item) for (const name of NAMES) point[name] *= scale;
      else item.scale(scale);
    }
    [this.width, this.height] = [width, height];
  }

  /** @param {Point} point */
  begin(point) {
    this.#change([...this.list, [point]]);
  }

  /** @param {Point} point */
  extend(point) {
    const stroke = this.list.at(-1);
    const { last } = this;
    if (last && Math.hypot(point.x - last.x, point.y - last.y) > 0.3) /** @type {Point[]} */ (stroke).push(point);
  }

  /** Put a digit in place of everything. @param {Uint8Array} pixels */
  place(pixels) {
    this.#change([new Placed(pixels, this)]);
  }

  clear() {
    if (!this.empty) this.#change([]);
  }

  /** Take back the last stroke, digit or clearing. */
  undo() {
    this.list = this.#before.pop() ?? this.list;
  }

  /** @param {Item[]} list */
  #change(list) {
    this.#before.push(this.list);
    if (this.#before.length > MAX_STEPS) this.#before.shift();
    this.list = list;
  }

  /** Everything on the sheet, as text; the steps before are not kept. */
  save() {
    const round = (/** @type {number} */ value) => Math.round(10 * value) / 10;
    const items = this.list.map((item) =>
      Array.isArray(item) ? item.map(({ x, y, width }) => [x, y, width].map(round)) : item.save(),
    );
    return JSON.stringify({ width: this.width, height: this.height, items });
  }

  /** Restore what `save` gave. @param {string} text */
  restore(text) {
    const { width, height, items } = JSON.parse(text);
    [this.width, this.height] = [width, height];
    this.list = items.map((/** @type {any} */ item) =>
      Array.isArray(item) ? item.map(([x, y, each]) => ({ x, y, width: each })) : Placed.restore(item),
    );
  }

  /**
   * Paint everything in the context's colour.
   * @param {CanvasRenderingContext2D} context
   * @param {boolean} isSent whether this is to be read: then small digits get thin strokes
   */
  paint(context, isSent = false) {
    context.lineCap = context.lineJoin = "round";
    const factors = isSent ? findFactors(this.list.filter((item) => Array.isArray(item))) : null;
    for (const item of this.list) {
      if (Array.isArray(item)) paintStroke(context, item, factors?.get(item) ?? 1);
      else item.paint(context);
    }
  }
}

const NAMES = /** @type {const} */ (["x", "y", "width"]);

/**
 * Paint curves through the midpoints between points: smooth, however few points the browser reports.
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} stroke
 * @param {number} factor of its widths
 */
function paintStroke(context, stroke, factor) {
  const [first] = stroke;
  context.beginPath();
  context.lineWidth = factor * first.width;
  context.moveTo(first.x, first.y);
  stroke.forEach((point, index) => {
    const after = stroke[index + 1];
    if (!after) return context.lineTo(point.x + 0.01, point.y); // round caps turn a single point into a dot
    const [x, y] = [(point.x + after.x) / 2, (point.y + after.y) / 2];
    context.quadraticCurveTo(point.x, point.y, x, y);
    if (after.width !== point.width) {
      // a path has one width: when the pen's width changes, a new path starts where this one ends
      context.stroke();
      context.beginPath();
      context.lineWidth = factor * after.width;
      context.moveTo(x, y);
    }
  });
  context.stroke();
}
