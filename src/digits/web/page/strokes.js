// The strokes of a drawing: kept as points, so that they can be undone, shown sharply, and sent small.

/** Pixels of the picture that is sent: enough to read by, few enough to be read between two frames. */
const AREA = 440 * 220;

/** A point: x and y in pixels of the picture that is sent, and the width of the pen there. */
/** @typedef {{x: number, y: number, width: number}} Point */

export class Strokes {
  /** @type {Point[][]} */
  list = [];
  width = 440;
  height = 220;

  get empty() {
    return this.list.length === 0;
  }

  /** Take on the shape of the sheet; what is drawn shrinks or grows with it. */
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

  begin(point) {
    this.list.push([point]);
  }

  extend(point) {
    const stroke = this.list.at(-1);
    const last = stroke.at(-1);
    if (Math.hypot(point.x - last.x, point.y - last.y) > 0.3) stroke.push(point);
  }

  undo() {
    this.list.pop();
  }

  clear() {
    this.list = [];
  }

  /** Where the pen was last. */
  get last() {
    return this.list.at(-1)?.at(-1);
  }

  /** Draw everything in the colour that the context has. */
  paint(context) {
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.list) paintStroke(context, stroke);
  }
}

/** Curves through the middles between points: round where a hand was, whatever the rate its points came at. */
function paintStroke(context, stroke) {
  const [first] = stroke;
  context.beginPath();
  context.lineWidth = first.width;
  context.moveTo(first.x, first.y);
  stroke.forEach((point, index) => {
    const after = stroke[index + 1];
    if (!after) return context.lineTo(point.x + 0.01, point.y); // of a single point the round caps make a dot
    const [x, y] = [(point.x + after.x) / 2, (point.y + after.y) / 2];
    context.quadraticCurveTo(point.x, point.y, x, y);
    if (after.width !== point.width) {
      // a path has one width: as the pen presses harder, another path begins where this one ends
      context.stroke();
      context.beginPath();
      context.lineWidth = after.width;
      context.moveTo(x, y);
    }
  });
  context.stroke();
}
