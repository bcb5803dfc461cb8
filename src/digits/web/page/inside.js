// Inside the network: what it sees, and its layers lighting up on the way to the ten outputs.

/** @import { Explanation, Model, ModelExplanation } from "./api.js" */
/** @typedef {{canvas: HTMLCanvasElement, count: number, units: number[] | null, side: number}} Layer */
/** @typedef {{name: string, row: HTMLElement, hidden: Layer[], outputs: HTMLElement[]}} Network */

import { byId, create } from "./elements.js";
import { clearCanvas, countRows, decodePixels, paintPixels, paintUnits } from "./tiles.js";
import { withArticle } from "./phrases.js";

const SVG = "http://www.w3.org/2000/svg";

export class Inside {
  /** @type {Network[]} The fully connected networks, whose layers are shown. */
  #networks = [];
  #seen = byId("seen", HTMLCanvasElement);

  /** @param {Model[]} models */
  choose(models) {
    this.#networks = models.flatMap(({ name, network, layers }) => (layers ? [createNetwork(name, network, layers)] : []));
    const names = models.map((model) => model.name).join(" and ");
    const none = `${names}: not fully connected, so there are no layers to show. Choose mlp above the bars to see some.`;
    const rows = this.#networks.map(({ row }) => row);
    byId("networks").replaceChildren(...(rows.length ? rows : [create("p", { class: "small" }, none)]));
    this.clear();
  }

  clear() {
    clearCanvas(this.#seen);
    this.#seen.setAttribute("aria-label", "What the network sees: nothing yet");
    for (const network of this.#networks) paintNetwork(network);
  }

  /** @param {Explanation} explanation */
  show({ answers, focus }) {
    if (!focus) return this.clear();
    paintPixels(this.#seen, decodePixels(focus.image));
    const { value } = answers[0].reading.digits[focus.digit];
    this.#seen.setAttribute("aria-label", `What the network sees, and reads as ${withArticle(value)}`);
    for (const network of this.#networks) {
      paintNetwork(network, focus.models.find((model) => model.model === network.name));
    }
  }
}

/** @param {string} name @param {string} network @param {number[]} layers @returns {Network} */
function createNetwork(name, network, layers) {
  const row = create("div", { class: "network", role: "group", "aria-label": `${name}, ${network}` });
  const hidden = layers.slice(1, -1).map((count, index) => {
    const canvas = create("canvas", { role: "img" });
    const grid = create("div", { class: "tile units" }, canvas);
    row.append(createThreads(), addCaption(grid, index ? "" : name, `${count} units`));
    /** @type {Layer} */
    const layer = { canvas, count, units: null, side: 1 };
    new ResizeObserver(() => fit(layer, grid)).observe(grid);
    return layer;
  });
  const outputs = Array.from({ length: 10 }, (_, value) => create("li", {}, create("i"), String(value)));
  const list = create("ol", { class: "tile outputs", start: 0, "aria-label": `Outputs of ${name}` }, ...outputs);
  row.append(createThreads(), addCaption(list, "", "outputs"));
  return { name, row, hidden, outputs };
}

/** Give every unit a whole number of screen pixels, as many as fit. @param {Layer} layer @param {HTMLElement} grid */
function fit(layer, grid) {
  const { paddingTop, paddingBottom } = getComputedStyle(grid);
  const height = grid.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
  const scale = devicePixelRatio || 1;
  layer.side = Math.max(2, Math.floor((height * scale) / countRows(layer.count)));
  paintUnits(layer.canvas, layer.count, layer.units, layer.side);
  layer.canvas.style.width = `${layer.canvas.width / scale}px`;
}

/** @param {HTMLElement} content @param {string} name @param {string} caption */
function addCaption(content, name, caption) {
  return create("figure", {}, content, create("figcaption", {}, create("b", {}, name), name && " ", caption));
}

/** @param {Network} network @param {ModelExplanation} [explanation] */
function paintNetwork({ hidden, outputs }, explanation) {
  hidden.forEach((layer, index) => {
    layer.units = explanation?.layers?.[index] ?? null;
    paintUnits(layer.canvas, layer.count, layer.units, layer.side);
    const active = layer.units?.filter((value) => value > 0).length ?? 0;
    layer.canvas.setAttribute("aria-label", `${layer.count} units of layer ${index + 1}, ${active} of them active`);
  });
  outputs.forEach((output, value) => {
    const probability = explanation?.probabilities[value] ?? 0;
    output.style.setProperty("--share", String(probability));
    output.classList.toggle("lit", probability > 0.5);
  });
}

/** Create hairlines from every unit to every other, as such networks are drawn. */
function createThreads() {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true", class: "threads" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  const path = document.createElementNS(SVG, "path");
  const ends = [4, 27, 50, 73, 96];
  path.setAttribute("d", ends.flatMap((from) => ends.map((to) => `M0 ${from}L100 ${to}`)).join(""));
  svg.append(path);
  return svg;
}
