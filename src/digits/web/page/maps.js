// The feature maps of a convolutional network, stage by stage, as they light up.

/** @import { Stage } from "./api.js" */

import { Refused, runNewest, showMaps } from "./api.js";
import { create } from "./elements.js";
import { clearCanvas, decodePixels, paintMaps } from "./tiles.js";

export class Maps {
  element = create("div", { class: "maps" });
  /** @type {HTMLCanvasElement[]} */
  #canvases = [];
  #visible = false;
  /** @type {Uint8Array<ArrayBuffer> | null} The digit to show, if that waits until it can be seen. */
  #waiting = null;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.element.append(create("p", { class: "small" }, `${name}: its feature maps appear with the first digit.`));
    new IntersectionObserver(([entry]) => {
      this.#visible = entry.isIntersecting;
      if (this.#visible && this.#waiting) this.#request(this.#waiting);
    }).observe(this.element);
  }

  clear() {
    this.#waiting = null;
    this.#canvases.forEach(clearCanvas);
  }

  /** Show the maps of a digit, unless nobody would see them. @param {Uint8Array<ArrayBuffer>} pixels */
  show(pixels) {
    this.#waiting = pixels;
    if (this.#visible) this.#request(pixels);
  }

  #request = runNewest(async (/** @type {Uint8Array<ArrayBuffer>} */ pixels) => {
    try {
      const { stages } = await showMaps(pixels, this.name);
      if (!this.#waiting) return; // cleared in the meantime
      if (this.#canvases.length !== stages.length) this.#create(stages);
      stages.forEach((stage, index) => paintMaps(this.#canvases[index], stage, decodePixels(stage.values)));
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused; // the reading itself says what is wrong with the service
    }
  });

  /** @param {Stage[]} stages */
  #create(stages) {
    this.#canvases = stages.map(() => create("canvas", { class: "pixels", role: "img" }));
    const figures = stages.map(({ channels, height, width }, index) => {
      const words = `${channels} maps of ${width}\u00a0×\u00a0${height}`;
      this.#canvases[index].setAttribute("aria-label", `Stage ${index + 1} of ${this.name}: ${words}`);
      const name = index ? [] : [create("b", {}, this.name), " "];
      return create("figure", {}, create("div", { class: "tile" }, this.#canvases[index]), create("figcaption", {}, ...name, words));
    });
    this.element.replaceChildren(...figures);
  }
}
