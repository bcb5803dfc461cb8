// The feature maps of a convolutional network, stage by stage, as they light up.

/** @import { Stage } from "./api.js" */

import { create } from "./elements.js";
import { clearCanvas, decodePixels, paintMaps } from "./tiles.js";

export class Maps {
  element = create("div", { class: "maps" });
  /** @type {HTMLCanvasElement[]} */
  #canvases = [];

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.element.append(create("p", { class: "small" }, `${name}: its feature maps appear with the first digit.`));
  }

  clear() {
    this.#canvases.forEach(clearCanvas);
  }

  /** @param {Stage[]} stages */
  show(stages) {
    if (this.#canvases.length !== stages.length) this.#create(stages);
    stages.forEach((stage, index) => paintMaps(this.#canvases[index], stage, decodePixels(stage.values)));
  }

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
