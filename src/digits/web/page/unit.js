// One unit of a fully connected network: chosen by pointer or keyboard, explained, and switched off.

/** @import { Model, Unit } from "./api.js" */
/** @typedef {{model: string, layer: number, unit: number}} Place a layer from 1, a unit from 0 */

import { Refused, describeUnit, findExciting, runNewest } from "./api.js";
import { byId, create } from "./elements.js";
import { isOff, listOff, switchAllOn, toggle } from "./off.js";
import { announce } from "./phrases.js";
import { clearCanvas, countRows, decodePixels, paintPixels, paintWeights } from "./tiles.js";
import { describeExciting, describePaths, describeValue, describeWeights } from "./unit_words.js";

/** Time that a pointer rests on a unit before digits are searched that excite it, in milliseconds. */
const REST = 150;

export class UnitPanel {
  /** @type {Place | null} */
  chosen = null;
  /** @type {Unit | null} What is known of it. */
  unit = null;
  /** Whether it stays while the pointer moves on. */
  #kept = false;
  #pixels = new Uint8Array(784);
  /** @type {Model[]} */
  #models = [];
  /** @type {Map<string, Promise<import("./api.js").ExcitingDigits>>} */
  #exciting = new Map();
  #rest = 0;

  /**
   * @param {() => void} changed called when a unit is switched off or on
   * @param {() => void} mark called when another unit is chosen, or more is known of it
   */
  constructor(changed, mark) {
    this.changed = changed;
    this.mark = mark;
    const [layer, number] = [byId("unit-layer", HTMLSelectElement), byId("unit-number", HTMLInputElement)];
    const chooseTyped = () => {
      const place = this.#parseLayer(layer.value);
      const most = this.#countUnits(place) - 1;
      this.#choose({ ...place, unit: Math.min(Math.max(Math.round(number.valueAsNumber) || 0, 0), most) }, true);
    };
    layer.addEventListener("change", chooseTyped);
    number.addEventListener("change", chooseTyped);
    byId("unit-off").addEventListener("click", () => this.#toggle());
    byId("units-on").addEventListener("click", () => {
      switchAllOn();
      announce("All units are on.", 0);
      this.#update();
      byId("unit-off").focus();
    });
  }

  /** Offer the units of these models. @param {Model[]} models */
  choose(models) {
    this.#models = models;
    byId("touch").hidden = !models.length;
    const options = models.flatMap(({ name, layers }) =>
      (layers ?? []).slice(1).map((_, index, all) => {
        const words = index === all.length - 1 ? "outputs" : `layer ${index + 1}`;
        return create("option", { value: `${index + 1} ${name}` }, `${name}, ${words}`);
      }),
    );
    byId("unit-layer").replaceChildren(...options);
    if (!models.some(({ name }) => name === this.chosen?.model)) this.#forget();
    else this.#showChoice();
    this.#showOff();
  }

  #forget() {
    this.chosen = this.unit = null;
    this.#kept = false;
    byId("unit").hidden = true;
    this.mark();
  }

  /** The digit that the networks read now. @param {Uint8Array<ArrayBuffer>} pixels */
  show(pixels) {
    this.#pixels = pixels;
    if (this.chosen) this.#request(this.chosen);
  }

  /** Choose units of a layer by pointer and keyboard. @param {HTMLCanvasElement} canvas @param {string} model @param {number} layer @param {number} count */
  follow(canvas, model, layer, count) {
    const rows = countRows(count);
    const columns = Math.ceil(count / rows);
    const find = (/** @type {PointerEvent | MouseEvent} */ event) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - left) / width) * columns);
      const unit = Math.floor(((event.clientY - top) / height) * rows) * columns + column;
      return column >= 0 && column < columns && unit >= 0 && unit < count ? { model, layer, unit } : null;
    };
    canvas.addEventListener("pointermove", (event) => {
      const place = find(event);
      if (place && event.pointerType === "mouse" && !this.#kept) this.#choose(place, false);
    });
    canvas.addEventListener("click", (event) => {
      const place = find(event);
      if (place) this.#choose(place, !(this.#kept && isSame(place, this.chosen)));
    });
    canvas.addEventListener("keydown", (event) => {
      /** @type {Record<string, number>} */
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
      const { chosen } = this;
      const here = chosen?.model === model && chosen.layer === layer ? chosen.unit : null;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in steps || event.key === "Enter" || event.key === " ") {
        const next = here === null ? 0 : here + (steps[event.key] ?? 0);
        this.#choose({ model, layer, unit: Math.min(Math.max(next, 0), count - 1) }, true);
      } else if (event.key.toLowerCase() === "x" && here !== null) this.#toggle();
      else return;
      event.preventDefault();
    });
  }

  /** Choose outputs by pointer. @param {HTMLElement[]} outputs @param {string} model @param {number} layer */
  followOutputs(outputs, model, layer) {
    outputs.forEach((output, unit) => {
      output.addEventListener("pointerenter", (event) => {
        if (event.pointerType === "mouse" && !this.#kept) this.#choose({ model, layer, unit }, false);
      });
      output.addEventListener("click", () => this.#choose({ model, layer, unit }, true));
    });
  }

  /** @param {Place} place @param {boolean} keep */
  #choose(place, keep) {
    this.#kept = keep;
    if (!isSame(place, this.chosen)) {
      this.chosen = place;
      this.unit = null;
      byId("unit-digits").replaceChildren();
      byId("unit-excited").textContent = "";
    }
    this.#showChoice();
    this.#request(place);
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#showExciting(place), REST);
  }

  #showChoice() {
    const { chosen } = this;
    if (!chosen) return;
    const { model, layer, unit } = chosen;
    byId("unit").hidden = false;
    byId("unit-layer", HTMLSelectElement).value = `${layer} ${model}`;
    Object.assign(byId("unit-number", HTMLInputElement), { value: unit, max: this.#countUnits(chosen) - 1 });
    const isOutput = this.#isOutput(chosen);
    byId("unit-title").textContent = isOutput ? `The output ${unit} of ${model}` : `Unit ${unit} of layer ${layer}, ${model}`;
    byId("unit-off").hidden = isOutput;
    byId("unit-off").textContent = isOff(model, layer, unit) ? "Switch on" : "Switch off";
    this.mark();
  }

  #request = runNewest(async (/** @type {Place} */ place) => {
    try {
      const unit = await describeUnit(this.#pixels, place);
      if (!isSame(place, this.chosen)) return;
      this.unit = unit;
      this.#describe(place, unit);
      this.mark();
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused; // the reading itself says what is wrong with the service
    }
  });

  /** @param {Place} place @param {Unit} unit */
  #describe(place, unit) {
    const isOutput = this.#isOutput(place);
    const isBlank = !this.#pixels.some(Boolean);
    const value = isOff(place.model, place.layer, place.unit) ? "It is switched off, and passes on nothing." : describeValue(unit, isOutput, isBlank);
    byId("unit-value").textContent = value;
    const canvas = byId("unit-weights", HTMLCanvasElement);
    if (unit.weights) paintWeights(canvas, unit.weights);
    else clearCanvas(canvas);
    canvas.setAttribute("aria-label", unit.weights ? "The weights of its pixels, blue for and orange against" : "No picture of its weights");
    byId("unit-explained").textContent = describeWeights(place.layer, unit, isBlank);
    byId("unit-paths").textContent = isBlank ? "" : describePaths(place.layer, unit, this.#isOutput({ ...place, layer: place.layer + 1 }));
    if (this.#kept) announce(`${byId("unit-title").textContent}: ${value} ${byId("unit-paths").textContent}`, 300);
  }

  /** @param {Place} place */
  async #showExciting(place) {
    const name = `${place.model}:${place.layer}:${place.unit}`;
    if (!isSame(place, this.chosen)) return;
    const searched = this.#exciting.get(name) ?? findExciting(place);
    this.#exciting.set(name, searched);
    byId("unit-excited").textContent = byId("unit-excited").textContent || "Looking for the digits that excite it …";
    try {
      const found = await searched;
      if (!isSame(place, this.chosen)) return;
      byId("unit-excited").textContent = describeExciting(found);
      byId("unit-digits").replaceChildren(...found.digits.map(createDigit));
    } catch (refused) {
      this.#exciting.delete(name);
      if (!(refused instanceof Refused)) throw refused;
      byId("unit-excited").textContent = refused.message;
    }
  }

  #toggle() {
    const { chosen } = this;
    if (!chosen || this.#isOutput(chosen)) return;
    toggle(chosen.model, chosen.layer, chosen.unit);
    const isNow = isOff(chosen.model, chosen.layer, chosen.unit) ? "off" : "on";
    announce(`Unit ${chosen.unit} is ${isNow}.`, 0);
    this.#update();
  }

  #update() {
    this.#showOff();
    this.#showChoice();
    if (this.chosen) this.#request(this.chosen);
    this.changed();
  }

  #showOff() {
    const count = listOff(this.#models.map(({ name }) => name)).length;
    byId("units-off").hidden = !count;
    byId("units-off-count").textContent = count === 1 ? "One unit is switched off: the answers above are without it." : `${count} units are switched off: the answers above are without them.`;
  }

  /** @param {string} value of the choice of layers */
  #parseLayer(value) {
    const [layer, ...rest] = value.split(" ");
    return { model: rest.join(" "), layer: Number(layer) };
  }

  /** @param {{model: string, layer: number}} place */
  #countUnits({ model, layer }) {
    return this.#models.find(({ name }) => name === model)?.layers?.[layer] ?? 1;
  }

  /** @param {{model: string, layer: number}} place */
  #isOutput({ model, layer }) {
    return layer === (this.#models.find(({ name }) => name === model)?.layers?.length ?? 0) - 1;
  }
}

/** @param {Place} one @param {Place | null} other */
const isSame = (one, other) => one.model === other?.model && one.layer === other.layer && one.unit === other.unit;

/** @param {import("./api.js").LabelledDigit} digit */
function createDigit({ image, label }) {
  const canvas = create("canvas", { class: "pixels", width: 28, height: 28, role: "img", "aria-label": label });
  paintPixels(canvas, decodePixels(image));
  return create("li", {}, canvas);
}
