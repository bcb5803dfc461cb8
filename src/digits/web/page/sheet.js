// The sheet to draw on: pointers in, strokes on the screen, and a picture of them to send.

/** @import { Box } from "./api.js" */
/** @import { Point } from "./strokes.js" */

import { contextOf } from "./elements.js";
import { Strokes } from "./strokes.js";

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Sheet {
  strokes = new Strokes();
  /** Width of the pen. */
  pen = 15;
  /** @type {number | null} The pointer that is drawing. */
  pointer = null;
  /** Time of the newest point, from which the time to an answer is measured. */
  touched = 0;
  /** @type {{box: Box, focused: boolean, accepted: boolean}[]} Digits found, underlined. */
  found = [];
  /** @type {{x: number, y: number, down: boolean} | null} */
  crosshair = null;
  #sent = document.createElement("canvas");
  #frame = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(ended: boolean) => void} changed called at every new point, and when a stroke ends
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    addEventListener("themechange", () => this.repaint());
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    // raw events, where the browser has them, do not wait for the next frame
    const move = "onpointerrawupdate" in canvas ? "pointerrawupdate" : "pointermove";
    canvas.addEventListener(move, (event) => this.#move(/** @type {PointerEvent} */ (event)));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event));
    canvas.addEventListener("contextmenu", (event) => this.pointer !== null && event.preventDefault());
  }

  /** Fit a drawing of another sheet into this one. */
  refit() {
    this.#resize();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return; // hidden
    const scale = devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.strokes.fit(clientWidth / clientHeight);
    this.#paint();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.pointer !== null || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.focus({ preventScroll: true, focusVisible: false });
    this.pointer = event.pointerId;
    this.start(this.#pointOf(event), event.timeStamp);
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.strokes.extend(this.#pointOf(each));
    this.#change(event.timeStamp, false);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.#change(event.timeStamp, true);
  }

  /** @param {PointerEvent} event */
  #pointOf(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    // a pen pressed harder writes a little wider; mice and most fingers press evenly
    const pressure = event.pointerType === "pen" && event.pressure ? 0.7 + 0.6 * event.pressure : 1;
    return {
      x: ((event.clientX - left) / width) * this.strokes.width,
      y: ((event.clientY - top) / height) * this.strokes.height,
      width: this.pen * pressure,
    };
  }

  /** Put the pen down. @param {Point} point @param {number} [time] */
  start(point, time = performance.now()) {
    this.strokes.begin(point);
    this.#change(time, false);
  }

  /** Move the pen. @param {Point} point */
  extend(point) {
    this.strokes.extend(point);
    this.#change(performance.now(), false);
  }

  /** Lift the pen. */
  end() {
    this.#change(performance.now(), true);
  }

  undo() {
    this.pointer = null;
    this.strokes.undo();
    this.end();
  }

  clear() {
    this.pointer = null;
    this.strokes.clear();
    this.end();
  }

  /** Put a digit on the sheet in place of everything. @param {Uint8Array} pixels */
  place(pixels) {
    this.pointer = null;
    this.strokes.place(pixels);
    this.end();
  }

  /** @param {number} time @param {boolean} ended */
  #change(time, ended) {
    this.touched = time;
    this.repaint();
    this.changed(ended);
  }

  /** Paint at the next frame. */
  repaint() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint() {
    const context = contextOf(this.canvas);
    const scale = this.canvas.width / this.strokes.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#underline(context);
    context.strokeStyle = context.fillStyle = colour("--pen");
    this.strokes.paint(context);
    if (this.crosshair) this.#paintCrosshair(context, this.crosshair);
  }

  /** @param {CanvasRenderingContext2D} context */
  #underline(context) {
    context.lineCap = "round";
    for (const { box: [left, top, width, height], focused, accepted } of this.found) {
      const y = Math.min(top + height + 8, this.strokes.height - 4);
      context.strokeStyle = colour(focused ? "--accent" : "--line-strong");
      context.lineWidth = focused ? 2.5 : 1.5;
      context.setLineDash(accepted ? [] : [1, 5]);
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.stroke();
    }
    context.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} context @param {{x: number, y: number, down: boolean}} crosshair */
  #paintCrosshair(context, { x, y, down }) {
    context.strokeStyle = context.fillStyle = colour("--accent");
    context.lineWidth = 1.2;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * 6, y + dy * 6);
      context.lineTo(x + dx * 20, y + dy * 20);
    }
    context.moveTo(x + this.pen / 2, y);
    context.arc(x, y, this.pen / 2, 0, 2 * Math.PI);
    context.stroke();
    if (down) context.fill();
  }

  /** The whole sheet as it is sent: black on white, small, the same from every screen. */
  picture() {
    const { width, height } = this.strokes;
    if (this.#sent.width !== width || this.#sent.height !== height) {
      [this.#sent.width, this.#sent.height] = [width, height];
    }
    // read back after every drawing, which a graphics card would slow down
    const options = { willReadFrequently: true, alpha: false };
    const context = /** @type {CanvasRenderingContext2D} */ (this.#sent.getContext("2d", options));
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.strokeStyle = context.fillStyle = "#000";
    this.strokes.paint(context, true);
    // toBlob would wait until the page is idle, which it is not while someone draws
    const [, base64] = this.#sent.toDataURL("image/png").split(",");
    return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: "image/png" });
  }
}
