// Which ink spoke for the answer, model by model, and how the digit came out of the picture.

import { byId, element } from "./elements.js";
import { greysOf, paintEvidence, paintNothing } from "./tiles.js";
import { aDigit } from "./words.js";

const STAGES = [
  ["seen", "Your picture", "the part around the digit"],
  ["ink", "Its ink", "paper and light taken away"],
  ["digit", "Its digit", "fitted into 20 × 20, centred in 28 × 28"],
];

export class Evidence {
  #tiles = [];
  #pictures;

  constructor() {
    byId("stages").replaceChildren(...STAGES.map(([key, title, words]) => stage(key, title, words)));
    this.#pictures = byId("stages").querySelectorAll("img");
  }

  /** @param {{name: string}[]} chosen */
  choose(chosen) {
    this.#tiles = chosen.map(({ name }) => tile(name));
    byId("spoke").replaceChildren(...this.#tiles.map(({ figure }) => figure));
    this.empty();
  }

  empty() {
    for (const { name, canvas, title, words } of this.#tiles) {
      paintNothing(canvas);
      canvas.setAttribute("aria-label", "No evidence yet");
      title.textContent = name;
      words.textContent = "";
    }
    for (const picture of this.#pictures) picture.hidden = true;
    this.#stale(false);
  }

  /** Show what an answer says; one without evidence, while the pen moves, dims what is there. */
  show(look) {
    if (!look.inside) return this.empty();
    if (!look.inside.steps) return this.#stale(true);
    this.#stale(false);
    const greys = greysOf(look.inside.image);
    for (const { name, canvas, title, words } of this.#tiles) {
      const found = look.inside.models.find((model) => model.model === name)?.evidence;
      if (!found) continue;
      paintEvidence(canvas, greys, found.pixels);
      canvas.setAttribute("aria-label", `The ink that spoke for ${aDigit(found.answer)} and against it, says ${name}`);
      title.textContent = `${name}: ${found.answer}`;
      words.textContent = found.exact ? "worked out exactly" : "found by blotting out";
    }
    this.#pictures.forEach((picture, index) => {
      picture.src = look.inside.steps[STAGES[index][0]];
      picture.hidden = false;
    });
  }

  #stale(stale) {
    for (const id of ["spoke", "stages"]) byId(id).classList.toggle("stale", stale);
  }
}

function tile(name) {
  const canvas = element("canvas", { class: "tile pixels", width: 28, height: 28, role: "img" });
  const title = element("b", {}, name);
  const words = element("span");
  const figure = element("figure", {}, canvas, element("figcaption", {}, title, words));
  return { name, figure, canvas, title, words };
}

function stage(key, title, words) {
  const image = element("img", { alt: title, class: key === "digit" ? "pixels" : "", hidden: "" });
  const caption = element("figcaption", {}, element("b", {}, title), ` ${words}`);
  return element("li", {}, element("figure", {}, element("div", { class: "tile" }, image), caption));
}
