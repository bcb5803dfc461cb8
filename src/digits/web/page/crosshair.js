// A pen for the keyboard: arrows move it, Space puts it down and lifts it.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Pixels of the sheet that an arrow goes, and with Shift. */
const STEP = 5;
const LEAP = 25;

/**
 * @param {import("./sheet.js").Sheet} sheet
 * @param {(sentence: string) => void} say
 */
export function addCrosshair(sheet, say) {
  const { canvas, strokes } = sheet;
  let place = null;
  let down = false;

  function show() {
    sheet.crosshair = place && { ...place, down };
    sheet.repaint();
  }

  function lift() {
    if (!down) return;
    down = false;
    sheet.end();
  }

  function move([dx, dy], far) {
    const step = far ? LEAP : STEP;
    place = {
      x: Math.min(Math.max(place.x + dx * step, 0), strokes.width),
      y: Math.min(Math.max(place.y + dy * step, 0), strokes.height),
    };
    if (down) sheet.go({ ...place, width: sheet.pen });
  }

  function toggle() {
    if (down) return lift();
    down = true;
    sheet.start({ ...place, width: sheet.pen });
  }

  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || sheet.drawing !== null) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    place ??= { x: strokes.width / 2, y: strokes.height / 4 };
    if (event.key in ARROWS && !command) move(ARROWS[event.key], event.shiftKey);
    else if (event.key === " " && !command) {
      if (!event.repeat) toggle();
      say(down ? "Pen down." : "Pen up.");
    } else if (key === "z") {
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
    place ??= { x: strokes.width / 2, y: strokes.height / 4 };
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
