// The sheet one draws on: pointers in, strokes on the screen, and the picture of them that is sent.

import { Strokes } from "./strokes.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Sheet {
  strokes = new Strokes();
  pen = 15;
  /** The pointer that draws; null: none does. */
  drawing = null;
  /** When the newest point came, by the clock of the page: what answers are measured from. */
  touched = 0;
  /** What was found, marked under each digit. */
  marks = [];
  crosshair = null;
  #sent = document.createElement("canvas");
  #frame = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(ended: boolean) => void} changed told at every new point, and when a stroke ends
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    new ResizeObserver(() => this.#resized()).observe(canvas);
    addEventListener("themechange", () => this.repaint());
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    // raw, where the browser gives it so: what is asked need not wait for the screen's next frame
    const move = "onpointerrawupdate" in canvas ? "pointerrawupdate" : "pointermove";
    canvas.addEventListener(move, (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event));
    canvas.addEventListener("contextmenu", (event) => this.drawing !== null && event.preventDefault());
  }

  #resized() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return; // hidden
    const scale = devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.strokes.fit(clientWidth / clientHeight);
    this.#paint();
  }

  #down(event) {
    if (this.drawing !== null || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.focus({ preventScroll: true, focusVisible: false });
    this.drawing = event.pointerId;
    this.start(this.#point(event), event.timeStamp);
    event.preventDefault();
  }

  #move(event) {
    if (event.pointerId !== this.drawing) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.strokes.extend(this.#point(each));
    this.#drawn(event.timeStamp, false);
  }

  #up(event) {
    if (event.pointerId !== this.drawing) return;
    this.drawing = null;
    this.#drawn(event.timeStamp, true);
  }

  #point(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    // a pen pressed harder writes a little wider; mice and most fingers press evenly
    const pressed = event.pointerType === "pen" && event.pressure ? 0.7 + 0.6 * event.pressure : 1;
    return {
      x: ((event.clientX - left) / width) * this.strokes.width,
      y: ((event.clientY - top) / height) * this.strokes.height,
      width: this.pen * pressed,
    };
  }

  /** Put the pen down somewhere; of the keyboard too. */
  start(point, time = performance.now()) {
    this.strokes.begin(point);
    this.#drawn(time, false);
  }

  go(point) {
    this.strokes.extend(point);
    this.#drawn(performance.now(), false);
  }

  end() {
    this.#drawn(performance.now(), true);
  }

  undo() {
    this.drawing = null;
    this.strokes.undo();
    this.end();
  }

  clear() {
    this.drawing = null;
    this.strokes.clear();
    this.end();
  }

  #drawn(time, ended) {
    this.touched = time;
    this.repaint();
    this.changed(ended);
  }

  /** Show the strokes at the next frame. */
  repaint() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint() {
    const context = this.canvas.getContext("2d");
    const scale = this.canvas.width / this.strokes.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#paintMarks(context);
    context.strokeStyle = context.fillStyle = colour("--pen");
    this.strokes.paint(context);
    if (this.crosshair) this.#paintCrosshair(context);
  }

  #paintMarks(context) {
    context.lineCap = "round";
    for (const { box, opened, accepted } of this.marks) {
      const y = Math.min(box[1] + box[3] + 8, this.strokes.height - 4);
      context.strokeStyle = colour(opened ? "--accent" : "--line-strong");
      context.lineWidth = opened ? 2.5 : 1.5;
      context.setLineDash(accepted ? [] : [1, 5]);
      context.beginPath();
      context.moveTo(box[0], y);
      context.lineTo(box[0] + box[2], y);
      context.stroke();
    }
    context.setLineDash([]);
  }

  #paintCrosshair(context) {
    const { x, y, down } = this.crosshair;
    context.strokeStyle = colour("--accent");
    context.lineWidth = 1.2;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * 6, y + dy * 6);
      context.lineTo(x + dx * 20, y + dy * 20);
    }
    context.moveTo(x + this.pen / 2, y);
    context.arc(x, y, this.pen / 2, 0, 2 * Math.PI);
    context.stroke();
    context.fillStyle = colour("--accent");
    if (down) context.fill();
  }

  /** The whole sheet as it is sent: black on white, small, the same on every screen. */
  picture() {
    const { width, height } = this.strokes;
    if (this.#sent.width !== width || this.#sent.height !== height) {
      [this.#sent.width, this.#sent.height] = [width, height];
    }
    // read back after every drawing: on a graphics card that would take longer than the drawing
    const context = this.#sent.getContext("2d", { willReadFrequently: true, alpha: false });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.strokeStyle = context.fillStyle = "#000";
    this.strokes.paint(context);
    // toBlob would wait until the page is idle, which it is not while somebody draws
    const [, base64] = this.#sent.toDataURL("image/png").split(",");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return new Blob([bytes], { type: "image/png" });
  }
}
