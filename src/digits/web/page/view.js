// The view of a photograph: closer and farther, moved by dragging, and a part of it chosen to be read alone.

import { byId } from "./elements.js";
import { announce } from "./phrases.js";

/** @typedef {[left: number, top: number, width: number, height: number]} Part shares of a picture */

/** How much closer, from step to step and at most. */
const STEP = 1.5;
const MAX_ZOOM = 8;

/** Shares of the picture by which keys move the frame of a part. */
const KEY_STEP = 0.02;

/** Side of a part, at least, so that a slip of the finger chooses none. */
const MIN_SIDE = 0.03;

/** @type {Part} The part that is offered first. */
const MIDDLE = [0.2, 0.2, 0.6, 0.6];

export class View {
  #zoom = 1;
  /** @type {Part | null} The part that is being chosen. */
  #part = null;

  /** @param {(part: Part) => void} cut called with the part to read, as shares of what is shown */
  constructor(cut) {
    this.cut = cut;
    this.place = byId("photo");
    this.frame = byId("frame");
    this.chosen = byId("part");
    byId("zoom-in").addEventListener("click", () => this.#zoomBy(STEP));
    byId("zoom-out").addEventListener("click", () => this.#zoomBy(1 / STEP));
    byId("crop").addEventListener("click", () => (this.#part ? this.#finish() : this.#begin()));
    this.place.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return; // a wheel alone scrolls the page; pinching a trackpad counts as Ctrl
        event.preventDefault();
        this.#zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2, event);
      },
      { passive: false },
    );
    this.place.addEventListener("pointerdown", (event) => this.#drag(event));
    this.chosen.addEventListener("keydown", (event) => this.#moveByKey(event));
  }

  reset() {
    this.#show(1);
    this.cancel();
  }

  /** Give up choosing a part. */
  cancel() {
    this.#part = null;
    this.#update();
  }

  /** @param {number} factor @param {MouseEvent} [at] the place that stays where it is */
  #zoomBy(factor, at) {
    const { left, top, width, height } = this.place.getBoundingClientRect();
    const [x, y] = at ? [at.clientX - left, at.clientY - top] : [width / 2, height / 2];
    const before = this.#zoom;
    this.#show(Math.min(Math.max(this.#zoom * factor, 1), MAX_ZOOM));
    const ratio = this.#zoom / before;
    this.place.scrollTo((this.place.scrollLeft + x) * ratio - x, (this.place.scrollTop + y) * ratio - y);
  }

  /** @param {number} zoom */
  #show(zoom) {
    if (zoom > 1 && this.#zoom === 1) this.place.style.height = `${this.place.clientHeight}px`; // the page stays as it is
    if (zoom === 1) this.place.style.height = "";
    this.#zoom = zoom;
    this.place.classList.toggle("zoomed", zoom > 1);
    this.frame.style.setProperty("--zoom", String(zoom));
    byId("zoom-in").setAttribute("aria-disabled", String(zoom >= MAX_ZOOM));
    byId("zoom-out").setAttribute("aria-disabled", String(zoom <= 1));
  }

  /** Drag what is shown with a mouse, which fingers do by themselves; or draw the frame of a part. @param {PointerEvent} event */
  #drag(event) {
    if (event.button !== 0 || (!this.#part && event.pointerType !== "mouse")) return;
    const [fromX, fromY, scrollLeft, scrollTop] = [event.clientX, event.clientY, this.place.scrollLeft, this.place.scrollTop];
    const start = this.#shareOf(event);
    if (this.#part) event.preventDefault();
    const move = (/** @type {PointerEvent} */ { clientX, clientY, pointerId }) => {
      if (pointerId !== event.pointerId) return;
      if (!this.#part) return this.place.scrollTo(scrollLeft + fromX - clientX, scrollTop + fromY - clientY);
      const end = this.#shareOf({ clientX, clientY });
      const [left, top] = [Math.min(start[0], end[0]), Math.min(start[1], end[1])];
      const [width, height] = [Math.abs(start[0] - end[0]), Math.abs(start[1] - end[1])];
      if (Math.max(width, height) > MIN_SIDE) this.#part = [left, top, Math.max(width, MIN_SIDE), Math.max(height, MIN_SIDE)];
      this.#update();
    };
    const end = () => {
      removeEventListener("pointermove", move);
      for (const kind of ["pointerup", "pointercancel"]) removeEventListener(kind, end);
    };
    addEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, end);
  }

  /** @param {{clientX: number, clientY: number}} event @returns {[number, number]} */
  #shareOf({ clientX, clientY }) {
    const { left, top, width, height } = this.frame.getBoundingClientRect();
    return [clamp((clientX - left) / width), clamp((clientY - top) / height)];
  }

  #begin() {
    this.#part = [...MIDDLE];
    this.#update();
    this.chosen.focus({ preventScroll: true });
    announce("Drag over the part to read, or move its frame with the arrow keys, and change its size with Shift.", 0);
  }

  #finish() {
    const part = this.#part;
    this.cancel();
    if (part) this.cut(part);
    byId("crop").focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #moveByKey(event) {
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!this.#part) return;
    if (event.key === "Escape") this.cancel();
    else if (event.key === "Enter") this.#finish();
    else if (event.key in steps) {
      const [dx, dy] = steps[event.key].map((step) => step * KEY_STEP);
      const [left, top, width, height] = this.#part;
      this.#part = event.shiftKey
        ? [left, top, clamp(width + dx, MIN_SIDE, 1 - left), clamp(height + dy, MIN_SIDE, 1 - top)]
        : [clamp(left + dx, 0, 1 - width), clamp(top + dy, 0, 1 - height), width, height];
      this.#update();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #update() {
    const part = this.#part;
    this.chosen.hidden = !part;
    this.place.classList.toggle("cropping", Boolean(part));
    byId("crop-words").textContent = part ? "Read this part" : "Crop";
    if (!part) return;
    ["left", "top", "width", "height"].forEach((name, index) => this.chosen.style.setProperty(name, `${100 * part[index]}%`));
  }
}

/** @param {number} value */
const clamp = (value, least = 0, most = 1) => Math.min(Math.max(value, least), most);

/**
 * Turn a part back with the picture in which it was chosen.
 * @param {Part} part of what is shown
 * @param {number} turn degrees, counter-clockwise, by which the picture is shown turned
 * @returns {Part} of the picture as it was given
 */
export function turnBack([left, top, width, height], turn) {
  if (turn === 90) return [1 - top - height, left, height, width];
  if (turn === 180) return [1 - left - width, 1 - top - height, width, height];
  if (turn === 270) return [top, 1 - left - width, height, width];
  return [left, top, width, height];
}

/** The part of a part. @param {Part} outer @param {Part} inner @returns {Part} */
export const nest = ([left, top, width, height], inner) => [
  left + inner[0] * width,
  top + inner[1] * height,
  inner[2] * width,
  inner[3] * height,
];
