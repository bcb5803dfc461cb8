// Evidence: which pixels supported the answer of each model, and the steps from the picture to the digit.

/** @import { Explanation, Steps } from "./api.js" */

import { byId, create } from "./elements.js";
import { clearCanvas, decodePixels, paintEvidence } from "./tiles.js";
import { withArticle } from "./phrases.js";

/** @type {[step: keyof Steps, title: string, caption: string][]} */
const STEPS = [
  ["seen", "Your picture", "the part around the digit"],
  ["ink", "The ink", "paper and light removed"],
  ["digit", "The digit", "scaled to 20\u00a0×\u00a020, centred in 28\u00a0×\u00a028"],
];

export class Evidence {
  /** @type {ReturnType<typeof createTile>[]} */
  #tiles = [];
  #images = STEPS.map(([step, title, caption]) => createStep(step, title, caption));

  /** @param {{name: string}[]} models */
  choose(models) {
    this.#tiles = models.map(({ name }) => createTile(name));
    byId("evidence-tiles").replaceChildren(...this.#tiles.map(({ figure }) => figure));
    this.clear();
  }

  clear() {
    for (const { name, canvas, title, method } of this.#tiles) {
      clearCanvas(canvas);
      canvas.setAttribute("aria-label", "No evidence yet");
      title.textContent = name;
      method.textContent = "";
    }
    for (const image of this.#images) image.hidden = true;
    setStale("evidence-tiles", false);
    setStale("stages", false);
  }

  /** Show the evidence of an answer; while the pen moves there is none, and the last one is dimmed. @param {Explanation} explanation */
  show({ focus }) {
    if (!focus) return this.clear();
    const { steps, models } = focus;
    const isFound = models.some(({ evidence }) => evidence);
    setStale("evidence-tiles", !isFound);
    setStale("stages", !steps);
    const pixels = decodePixels(focus.image);
    for (const { name, canvas, title, method } of this.#tiles) {
      const found = focus.models.find((model) => model.model === name)?.evidence;
      if (!found) continue;
      paintEvidence(canvas, pixels, found.pixels);
      canvas.setAttribute("aria-label", `Pixels for and against ${withArticle(found.answer)}, by ${name}`);
      title.textContent = `${name}: ${found.answer}`;
      method.textContent = found.exact ? "computed exactly" : "found by occlusion";
    }
    if (!steps) return;
    this.#images.forEach((image, index) => {
      image.src = steps[STEPS[index][0]];
      image.hidden = false;
    });
  }
}

/** @param {string} id @param {boolean} stale */
const setStale = (id, stale) => byId(id).classList.toggle("stale", stale);

/** @param {string} name */
function createTile(name) {
  const canvas = create("canvas", { class: "tile pixels", width: 28, height: 28, role: "img" });
  const [title, method] = [create("b", {}, name), create("span")];
  const figure = create("figure", {}, canvas, create("figcaption", {}, title, method));
  return { name, figure, canvas, title, method };
}

/** @param {string} step @param {string} title @param {string} caption */
function createStep(step, title, caption) {
  const image = create("img", { alt: title, class: step === "digit" ? "pixels" : "", hidden: "" });
  const words = create("figcaption", {}, create("b", {}, title), ` ${caption}`);
  byId("stages").append(create("li", {}, create("figure", {}, create("div", { class: "tile" }, image), words)));
  return image;
}
