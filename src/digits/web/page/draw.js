// Drawing: the sheet and its tools, and the question that follows the pen.

import { look, newestOnly } from "./api.js";
import { addCrosshair } from "./crosshair.js";
import { byId, setBusy } from "./elements.js";
import { Sheet } from "./sheet.js";
import { announce, hush, showTime, spoken } from "./words.js";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Drawing {
  /** What the service last said of the drawing; null while there is none. */
  look = null;
  asText = false;
  /** Nobody draws on a sheet that lies on its side; a photograph may. */
  upright = true;
  #picked = null;
  #models;
  #shown;

  /**
   * @param {() => string[]} models who reads
   * @param {(source: Drawing, refused?: Error) => void} shown told that there is something new to show
   */
  constructor(models, shown) {
    this.#models = models;
    this.#shown = shown;
    this.sheet = new Sheet(byId("sheet"), (ended) => this.#changed(ended));
    addCrosshair(this.sheet, (sentence) => announce(sentence, 0));
    byId("undo").addEventListener("click", () => this.sheet.undo());
    byId("clear").addEventListener("click", () => this.sheet.clear());
    byId("pen").addEventListener("input", (event) => (this.sheet.pen = event.target.valueAsNumber));
    this.#tools();
  }

  picture() {
    return this.sheet.picture();
  }

  /** Look into another digit. */
  open(digit) {
    this.#picked = digit;
    return this.again();
  }

  again() {
    if (this.sheet.strokes.empty) return;
    setBusy(true);
    return this.#want({ settled: true });
  }

  #changed(ended) {
    hush();
    this.#picked = null;
    this.#tools();
    setBusy(!this.sheet.strokes.empty);
    if (this.sheet.strokes.empty) {
      this.look = null;
      this.sheet.marks = [];
      byId("took").textContent = "";
      this.#shown(this);
    } else this.#want({ settled: ended });
  }

  #tools() {
    const { empty } = this.sheet.strokes;
    byId("hint").hidden = !empty;
    for (const id of ["undo", "clear"]) byId(id).disabled = empty;
  }

  // evidence takes as long again as the answer: it waits until the pen is lifted
  #want = newestOnly(async ({ settled }) => {
    if (this.sheet.strokes.empty) return;
    const touched = this.sheet.touched;
    try {
      const picture = await this.sheet.picture();
      const asked = performance.now();
      const found = await look(picture, { models: this.#models(), upright: this.upright, focus: this.#focus(), evidence: settled });
      if (this.sheet.strokes.empty) return; // cleared meanwhile
      this.look = found;
      this.#mark();
      this.#shown(this);
      showTime(byId("took"), performance.now() - asked);
      measure(touched);
      if (settled) this.#settle();
    } catch (refused) {
      this.#shown(this, refused);
      setBusy(false);
      if (refused.status === 0 || refused.status === 503) await pause(1000);
      if (refused.status === 503) this.#want({ settled: true });
    }
  });

  #settle() {
    // the digit under the pen may have got another number as it was drawn
    const focus = this.#focus();
    if (this.look.inside && focus >= 0 && focus !== this.look.inside.digit) return this.#want({ settled: true });
    setBusy(false);
    announce(spoken(this.look.answers[0].reading));
  }

  /** The digit that was chosen, or else the one under the pen, or else the last. */
  #focus() {
    if (this.#picked !== null) return this.#picked;
    const { x, y } = this.sheet.strokes.last;
    const digits = this.look?.answers[0].reading.digits ?? [];
    const near = this.sheet.pen;
    return digits.findIndex(
      ({ box: [left, top, width, height] }) =>
        x > left - near && x < left + width + near && y > top - near && y < top + height + near,
    );
  }

  #mark() {
    const opened = this.look.inside?.digit;
    const digits = this.look.answers[0].reading.digits;
    this.sheet.marks = digits.map(({ box, accepted }, index) => ({ box, accepted, opened: index === opened }));
    this.sheet.repaint();
  }
}

/** Note how long it took from the newest point in the picture to the frame with its answer, for whoever profiles it. */
function measure(touched) {
  requestAnimationFrame(() => {
    const name = "stroke to bars";
    if (performance.getEntriesByName(name).length > 1000) performance.clearMeasures(name);
    performance.measure(name, { start: touched, end: performance.now() });
  });
}
