// The strokes of a drawing, kept as points: they can be undone, scaled, and painted sharply or small.

/** Pixels of the picture that is sent: enough to read, few enough to read between two frames. */
const AREA = 440 * 220;

/** @typedef {{x: number, y: number, width: number}} Point in pixels of the picture that is sent, with the pen's width */

export class Strokes {
  /** @type {Point[][]} */
  list = [];
  width = 440;
  height = 220;

  get empty() {
    return this.list.length === 0;
  }

  /** The last position of the pen. */
  get last() {
    return this.list.at(-1)?.at(-1);
  }

  /** Adopt the shape of the sheet, and scale the drawing with it. @param {number} ratio width over height */
  fit(ratio) {
    const width = Math.round(Math.sqrt(AREA * ratio));
    const height = Math.round(width / ratio);
    const scale = Math.min(width / this.width, height / this.height);
    if (width === this.width && height === this.height) return;
    this.list = this.list.map((stroke) =>
      stroke.map((point) => ({ x: point.x * scale, y: point.y * scale, width: point.width * scale })),
    );
    [this.width, this.height] = [width, height];
  }

  /** @param {Point} point */
  begin(point) {
    this.list.push([point]);
  }

  /** @param {Point} point */
  extend(point) {
    const { last } = this;
    if (last && Math.hypot(point.x - last.x, point.y - last.y) > 0.3) this.list.at(-1)?.push(point);
  }

  /** Paint all strokes in the context's colour. @param {CanvasRenderingContext2D} context */
  paint(context) {
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.list) paintStroke(context, stroke);
  }
}

/**
 * Paint curves through the midpoints between points: smooth, however few points the browser reports.
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} stroke
 */
function paintStroke(context, stroke) {
  const [first] = stroke;
  context.beginPath();
  context.lineWidth = first.width;
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
      context.lineWidth = after.width;
      context.moveTo(x, y);
    }
  });
  context.stroke();
}
