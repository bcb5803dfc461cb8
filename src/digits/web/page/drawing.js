// Drawing: the sheet and its tools, and the reading that follows the pen.

/** @import { Explanation } from "./api.js" */

import { Refused, explain, runNewest } from "./api.js";
import { addCrosshair } from "./crosshair.js";
import { byId, setBusy } from "./elements.js";
import { announce, cancelAnnouncement, describeReading, showTime } from "./phrases.js";
import { Sheet } from "./sheet.js";

/** Where a drawing is kept, for this tab only, so that a reload keeps it. */
const SAVED = "digits.drawing";

/** @type {Storage | undefined} */
let storage;
try {
  storage = sessionStorage;
} catch {
  // switched off: a reload empties the sheet
}

export class Drawing {
  /** @type {Explanation | null} The newest answer about the drawing. */
  explanation = null;
  asText = false;
  isWritten = true;
  /** A drawing is always upright; a photograph may not be. */
  how = { upright: true };
  page = 1;
  /** @type {number | null} */
  #selected = null;

  /**
   * @param {() => string[]} getModels names of the models that read
   * @param {(source: Drawing, refused?: Refused) => void} show called when there is something new to show
   * @param {() => void} arrive called when the drawing changes
   */
  constructor(getModels, show, arrive) {
    this.getModels = getModels;
    this.show = show;
    this.arrive = arrive;
    this.sheet = new Sheet(byId("sheet", HTMLCanvasElement), (ended) => this.#change(ended));
    addCrosshair(this.sheet, (sentence) => announce(sentence, 0));
    byId("undo").addEventListener("click", () => this.sheet.undo());
    byId("clear").addEventListener("click", () => this.sheet.clear());
    const pen = byId("pen", HTMLInputElement);
    pen.addEventListener("input", () => (this.sheet.pen = pen.valueAsNumber));
    this.#restore();
    this.#updateTools();
  }

  /** Show what the sheet held before the page was reloaded. */
  #restore() {
    const saved = storage?.getItem(SAVED);
    if (!saved) return;
    this.sheet.strokes.restore(saved);
    this.sheet.refit();
  }

  picture() {
    return this.sheet.picture();
  }

  /** Explain another digit. @param {number} digit */
  select(digit) {
    this.#selected = digit;
    this.update();
  }

  /** Read the drawing again, for instance with other models. */
  update() {
    if (this.sheet.strokes.empty) return;
    setBusy(true);
    this.#read({ settled: true });
  }

  /** @param {boolean} ended whether the pen was lifted */
  #change(ended) {
    cancelAnnouncement();
    this.arrive();
    this.#selected = null;
    this.#updateTools();
    if (ended) storage?.setItem(SAVED, this.sheet.strokes.save());
    setBusy(!this.sheet.strokes.empty);
    if (this.sheet.strokes.empty) {
      this.explanation = null;
      this.sheet.found = [];
      byId("took").textContent = "";
      this.show(this);
    } else this.#read({ settled: ended });
  }

  #updateTools() {
    const { empty, canUndo } = this.sheet.strokes;
    byId("hint").hidden = !empty;
    byId("undo", HTMLButtonElement).disabled = !canUndo;
    byId("clear", HTMLButtonElement).disabled = empty;
  }

  // evidence doubles the time of an answer, so it waits until the pen is lifted
  #read = runNewest(async (/** @type {{settled: boolean}} */ { settled }) => {
    if (this.sheet.strokes.empty) return;
    const { touched } = this.sheet;
    const sent = performance.now();
    const options = { models: this.getModels(), ...this.how, page: this.page, focus: this.#focus(), evidence: settled };
    try {
      const explanation = await explain(this.picture(), options);
      if (this.sheet.strokes.empty) return; // cleared in the meantime
      this.explanation = explanation;
      this.#underline(explanation);
      this.show(this);
      showTime(byId("took"), performance.now() - sent);
      measure(touched);
      if (settled) this.#settle(explanation);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      this.show(this, refused);
      setBusy(false);
      if (refused.status === 0 || refused.status === 503) await new Promise((resolve) => setTimeout(resolve, 1000));
      if (refused.status === 503) this.#read({ settled: true });
    }
  });

  /** @param {Explanation} explanation */
  #settle({ answers, focus }) {
    // the index of the digit under the pen may have changed while it was drawn
    const index = this.#focus();
    if (focus && index >= 0 && index !== focus.digit) return this.#read({ settled: true });
    setBusy(false);
    announce(describeReading(answers[0].reading));
  }

  /** The selected digit, or the one under the pen; -1, the last one, if there is neither. */
  #focus() {
    const { last } = this.sheet.strokes;
    if (this.#selected !== null || !last) return this.#selected ?? -1;
    const near = this.sheet.pen;
    const digits = this.explanation?.answers[0].reading.digits ?? [];
    return digits.findIndex(
      ({ box: [left, top, width, height] }) =>
        last.x > left - near && last.x < left + width + near && last.y > top - near && last.y < top + height + near,
    );
  }

  /** @param {Explanation} explanation */
  #underline({ answers, focus }) {
    const { digits } = answers[0].reading;
    this.sheet.found = digits.map(({ box, accepted }, index) => ({ box, accepted, focused: index === focus?.digit }));
    this.sheet.repaint();
  }
}

/** Record the time from the newest point to the frame with its answer, for profiling. @param {number} touched */
function measure(touched) {
  requestAnimationFrame(() => {
    const name = "stroke to bars";
    if (performance.getEntriesByName(name).length > 1000) performance.clearMeasures(name);
    performance.measure(name, { start: touched, end: performance.now() });
  });
}
