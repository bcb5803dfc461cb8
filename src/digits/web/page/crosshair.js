// Drawing by keyboard: arrows move the pen, Space puts it down or lifts it.

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Pixels of the sheet per key press, and with Shift. */
const STEP = 5;
const LONG_STEP = 25;

/** @param {import("./sheet.js").Sheet} sheet @param {(sentence: string) => void} say */
export function addCrosshair(sheet, say) {
  const { canvas, strokes } = sheet;
  /** @type {{x: number, y: number} | null} */
  let place = null;
  let down = false;

  const startPlace = () => (place ??= { x: strokes.width / 2, y: strokes.height / 4 });

  function show() {
    sheet.crosshair = place && { ...place, down };
    sheet.repaint();
  }

  function lift() {
    if (!down) return;
    down = false;
    sheet.end();
  }

  /** @param {{x: number, y: number}} from @param {[number, number]} direction @param {number} step */
  function move(from, [dx, dy], step) {
    place = {
      x: Math.min(Math.max(from.x + dx * step, 0), strokes.width),
      y: Math.min(Math.max(from.y + dy * step, 0), strokes.height),
    };
    if (down) sheet.extend({ ...place, width: sheet.pen });
  }

  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || sheet.pointer !== null) return;
    const command = event.ctrlKey || event.metaKey;
    const from = startPlace();
    if (event.key in ARROWS && !command) move(from, ARROWS[event.key], event.shiftKey ? LONG_STEP : STEP);
    else if (event.key === " " && !command) {
      if (!event.repeat && down) lift();
      else if (!event.repeat) {
        down = true;
        sheet.start({ ...from, width: sheet.pen });
      }
      say(down ? "Pen down." : "Pen up.");
    } else if (event.key.toLowerCase() === "z") {
      down = false;
      sheet.undo();
      say(strokes.empty ? "Undone. The sheet is empty." : "Undone.");
    } else if (event.key === "Delete") {
      down = false;
      sheet.clear();
      say("The sheet is empty.");
    } else if (event.key === "Escape") lift();
    else return;
    event.preventDefault();
    show();
  });
  canvas.addEventListener("focus", () => {
    // a mouse has its own cursor
    if (!canvas.matches(":focus-visible")) return;
    startPlace();
    show();
  });
  for (const kind of ["blur", "pointerdown"]) {
    canvas.addEventListener(kind, () => {
      lift();
      sheet.crosshair = null;
      sheet.repaint();
    });
  }
}
