// A blend of two digits: a slider leads from one to the other, and the networks read every step as it is.

/** @import { Explanation, LabelledDigit } from "./api.js" */
/** @import { Source } from "./main.js" */
/** @typedef {{name: string, image: string}} End a digit at an end of the slider; without an image, that on the sheet */

import { Refused, explainPixels, listSamples, runNewest } from "./api.js";
import { byId, create, setBusy } from "./elements.js";
import { announce, percent, withArticle } from "./phrases.js";
import { decodePixels, paintPixels } from "./tiles.js";

const DRAWN = "the digit above";

export class Blend {
  /** @type {Explanation | null} */
  explanation = null;
  asText = false;
  isWritten = false;
  how = { upright: true };
  page = 1;
  /** @type {End[]} */
  #ends = [];
  #isFront = false;
  #details = byId("blend", HTMLDetailsElement);
  #slider = byId("blend-share", HTMLInputElement);
  #selects = [byId("blend-from", HTMLSelectElement), byId("blend-to", HTMLSelectElement)];
  #canvases = [byId("blend-0", HTMLCanvasElement), byId("blend-1", HTMLCanvasElement)];
  #between = byId("blend-between", HTMLCanvasElement);
  /** The pixels of both ends. */
  #pixels = [new Uint8Array(784), new Uint8Array(784)];

  /**
   * @param {{getModels: () => string[], getDrawn: () => string, show: (source: Source, refused?: Refused) => void, refuse: (error: Error) => void}} page
   * @param {(isFront: boolean) => void} turn called to put the blend in front, or back
   */
  constructor(page, turn) {
    this.context = page;
    this.turn = turn;
    this.#details.addEventListener("toggle", () => {
      if (!this.#details.open) this.leave();
      else this.#open().catch(page.refuse);
    });
    for (const select of this.#selects) select.addEventListener("change", () => this.#slide(true));
    this.#slider.addEventListener("input", () => this.#slide(false));
    this.#slider.addEventListener("change", () => this.#slide(true));
  }

  /** The blend as a picture: light on dark, as the network sees it. */
  picture() {
    return new Blob([this.#blend()]);
  }

  select() {
    // there is one digit only
  }

  /** Read again, for instance with other models. */
  update() {
    if (this.#isFront) this.#read({ settled: true });
  }

  /** Let the drawing be read again. */
  leave() {
    this.#isFront = false;
    this.turn(false);
  }

  async #open() {
    if (!this.#ends.length) {
      const { ordinary, mistakes } = await listSamples();
      const name = (/** @type {LabelledDigit} */ { label }) => withArticle(label);
      this.#ends = [
        { name: DRAWN, image: "" },
        ...ordinary.map((digit, index) => ({ name: `${name(digit)} (${index % 2 ? "second" : "first"} hand)`, image: digit.image })),
        ...mistakes.map((digit) => ({ name: `a famous mistake: ${name(digit)}`, image: digit.image })),
      ];
      for (const select of this.#selects) {
        select.replaceChildren(...this.#ends.map((end, index) => create("option", { value: index }, end.name)));
      }
    }
    const drawn = this.context.getDrawn();
    for (const select of this.#selects) select.options[0].disabled = !drawn;
    // from what was drawn, or a 3, to an 8
    this.#selects[0].value = drawn ? "0" : "7";
    this.#selects[1].value = "17";
    this.#slider.value = "0";
    this.#slide(true);
  }

  /** @param {boolean} settled whether the slider stays there */
  #slide(settled) {
    if (!this.#isFront) {
      this.#isFront = true;
      this.turn(true);
    }
    this.#selects.forEach((select, index) => {
      const image = this.#ends[Number(select.value)].image || this.context.getDrawn();
      this.#pixels[index] = image ? decodePixels(image) : new Uint8Array(784);
      paintPixels(this.#canvases[index], this.#pixels[index]);
    });
    paintPixels(this.#between, this.#blend());
    setBusy(true);
    this.#read({ settled });
  }

  #blend() {
    const share = this.#slider.valueAsNumber / 100;
    const [first, second] = this.#pixels;
    return first.map((value, index) => Math.round((1 - share) * value + share * second[index]));
  }

  #read = runNewest(async (/** @type {{settled: boolean}} */ { settled }) => {
    const share = `${this.#slider.value}\u00a0% of the second digit`;
    try {
      const explanation = await explainPixels(this.#blend(), { models: this.context.getModels(), evidence: settled });
      if (!this.#isFront) return; // somebody draws again
      this.explanation = explanation;
      this.context.show(this);
      this.#describe(explanation, share);
      setBusy(!settled);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      this.context.show(this, refused);
      setBusy(false);
    }
  });

  /** Say what is read, beside the slider and to screen readers. @param {Explanation} explanation @param {string} share */
  #describe({ answers }, share) {
    const words = answers.map(({ model, reading: { digits: [digit] } }) =>
      digit.accepted
        ? `${model} reads ${withArticle(digit.value)}, ${percent(digit.confidence)}\u00a0% confident`
        : `${model} reads no digit; closest is ${withArticle(digit.value)}`,
    );
    byId("blend-words").textContent = `${share}: ${words.join("; ")}.`;
    this.#slider.setAttribute("aria-valuetext", `${share}: ${words[0]}`);
    this.#between.setAttribute("aria-label", `The blend, ${share}`);
    announce(`${share}: ${words.join("; ")}.`);
  }
}
