// Digits to try: ordinary ones, and MNIST's famous mistakes.

/** @import { LabelledDigit } from "./api.js" */

import { listSamples } from "./api.js";
import { byId, create } from "./elements.js";
import { withArticle } from "./phrases.js";
import { decodePixels, paintPixels } from "./tiles.js";

export class Samples {
  /**
   * @param {(pixels: Uint8Array) => void} place called with the digit to put on the sheet
   * @param {(error: Error) => void} refuse called with what went wrong
   */
  constructor(place, refuse) {
    this.place = place;
    const details = byId("samples", HTMLDetailsElement);
    details.addEventListener("toggle", () => {
      if (details.open && !byId("samples-ordinary").childElementCount) this.#load().catch(refuse);
    });
  }

  async #load() {
    byId("samples-source").textContent = "Looking for digits …";
    const { source, ordinary, mistakes } = await listSamples();
    byId("samples-source").textContent = `From ${source}:`;
    byId("samples-ordinary").replaceChildren(...ordinary.map((digit) => this.#createButton(digit)));
    byId("samples-mistakes").replaceChildren(...mistakes.map((digit) => this.#createButton(digit)));
    byId("samples-famous").hidden = !mistakes.length;
    byId("samples-missing").hidden = mistakes.length > 0;
  }

  /** @param {LabelledDigit} digit */
  #createButton({ image, label }) {
    const pixels = decodePixels(image);
    const canvas = create("canvas", { class: "pixels", width: 28, height: 28, "aria-hidden": true });
    paintPixels(canvas, pixels);
    const words = `${withArticle(label)}, on the sheet`;
    const button = create("button", { type: "button", class: "sample", title: words, "aria-label": words }, canvas, String(label));
    button.addEventListener("click", () => this.place(pixels));
    return button;
  }
}
