// Inside the networks: what they see, and layers or feature maps lighting up on the way to the ten outputs.

/** @import { Explanation, Model, ModelExplanation } from "./api.js" */
/** @import { Place } from "./unit.js" */
/** @typedef {{canvas: HTMLCanvasElement, count: number, units: number[] | null, side: number}} Layer */
/** @typedef {{name: string, row: HTMLElement, hidden: Layer[], outputs: HTMLElement[], maps: Maps | null}} Network */

import { byId, create } from "./elements.js";
import { Maps } from "./maps.js";
import { isOff } from "./off.js";
import { drawPaths } from "./paths.js";
import { withArticle } from "./phrases.js";
import { clearCanvas, countRows, decodePixels, paintPixels, paintUnits } from "./tiles.js";
import { UnitPanel } from "./unit.js";

const SVG = "http://www.w3.org/2000/svg";

export class Inside {
  /** @type {Network[]} The networks that can be looked into. */
  #networks = [];
  #seen = byId("seen", HTMLCanvasElement);
  #panel;

  /** @param {() => void} changed called when a unit is switched off or on */
  constructor(changed) {
    this.#panel = new UnitPanel(changed, () => this.#mark());
    new ResizeObserver(() => this.#mark()).observe(byId("flow"));
  }

  /** @param {Model[]} models */
  choose(models) {
    this.#networks = models.flatMap((model) => (model.layers || model.has_maps ? [this.#createNetwork(model)] : []));
    const names = models.map((model) => model.name).join(" and ");
    const none = `${names}: neither fully connected nor convolutional, so there is nothing to show. Choose cnn or mlp above the bars.`;
    const rows = this.#networks.map(({ row }) => row);
    byId("networks").replaceChildren(...(rows.length ? rows : [create("p", { class: "small" }, none)]));
    this.#panel.choose(models.filter(({ layers }) => layers));
    this.clear();
  }

  clear() {
    clearCanvas(this.#seen);
    this.#seen.setAttribute("aria-label", "What the network sees: nothing yet");
    for (const network of this.#networks) this.#paint(network);
    this.#panel.show(new Uint8Array(784));
  }

  /** @param {Explanation} explanation */
  show({ answers, focus }) {
    if (!focus) return this.clear();
    const pixels = decodePixels(focus.image);
    paintPixels(this.#seen, pixels);
    const { value } = answers[0].reading.digits[focus.digit];
    this.#seen.setAttribute("aria-label", `What the network sees, and reads as ${withArticle(value)}`);
    for (const network of this.#networks) {
      const explanation = focus.models.find((model) => model.model === network.name);
      this.#paint(network, explanation);
      if (explanation?.maps) network.maps?.show(explanation.maps); // while the pen moves, the last ones stay
    }
    this.#panel.show(pixels);
  }

  /** @param {Model} model @returns {Network} */
  #createNetwork({ name, network, layers }) {
    const row = create("div", { class: "network", role: "group", "aria-label": `${name}, ${network}` });
    const hidden = (layers ?? []).slice(1, -1).map((count, index) => {
      const canvas = create("canvas", { role: "application", tabindex: 0, "aria-describedby": "unit-keys" });
      const grid = create("div", { class: "tile units" }, canvas);
      row.append(createThreads(), addCaption(grid, index ? "" : name, `${count} units`));
      /** @type {Layer} */
      const layer = { canvas, count, units: null, side: 1 };
      new ResizeObserver(() => this.#fit(layer, grid, { model: name, layer: index + 1 })).observe(grid);
      this.#panel.follow(canvas, name, index + 1, count);
      return layer;
    });
    const maps = layers ? null : new Maps(name);
    if (maps) row.append(createThreads(), maps.element);
    const outputs = Array.from({ length: 10 }, (_, value) => create("li", {}, create("i"), String(value)));
    const list = create("ol", { class: "tile outputs", start: 0, "aria-label": `Outputs of ${name}` }, ...outputs);
    if (layers) this.#panel.followOutputs(outputs, name, layers.length - 1);
    row.append(createThreads(), addCaption(list, layers?.length === 2 ? name : "", "outputs"));
    return { name, row, hidden, outputs, maps };
  }

  /**
   * Give every unit a whole number of screen pixels, as many as fit.
   * @param {Layer} layer @param {HTMLElement} grid @param {{model: string, layer: number}} place
   */
  #fit(layer, grid, place) {
    const { paddingTop, paddingBottom } = getComputedStyle(grid);
    const height = grid.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
    const scale = devicePixelRatio || 1;
    layer.side = Math.max(2, Math.floor((height * scale) / countRows(layer.count)));
    this.#paintLayer(layer, place);
    layer.canvas.style.width = `${layer.canvas.width / scale}px`;
  }

  /** @param {Network} network @param {ModelExplanation} [explanation] */
  #paint({ name, hidden, outputs, maps }, explanation) {
    hidden.forEach((layer, index) => {
      layer.units = explanation?.layers?.[index] ?? null;
      this.#paintLayer(layer, { model: name, layer: index + 1 });
      const active = layer.units?.filter((value) => value > 0).length ?? 0;
      layer.canvas.setAttribute("aria-label", `${layer.count} units of layer ${index + 1}, ${active} of them active`);
    });
    outputs.forEach((output, value) => {
      const probability = explanation?.probabilities[value] ?? 0;
      output.style.setProperty("--share", String(probability));
      output.classList.toggle("lit", probability > 0.5);
    });
    if (!explanation) maps?.clear();
  }

  /** @param {Layer} layer @param {{model: string, layer: number}} place */
  #paintLayer({ canvas, count, units, side }, { model, layer }) {
    const { chosen } = this.#panel;
    const own = chosen?.model === model && chosen.layer === layer ? chosen.unit : -1;
    paintUnits(canvas, count, units, side, own, (unit) => isOff(model, layer, unit));
  }

  /** Mark the unit that is chosen, and draw its strongest paths. */
  #mark() {
    const { chosen, unit } = this.#panel;
    for (const { name, hidden, outputs } of this.#networks) {
      hidden.forEach((layer, index) => this.#paintLayer(layer, { model: name, layer: index + 1 }));
      const isOwn = chosen?.model === name && chosen.layer === hidden.length + 1;
      outputs.forEach((output, value) => output.classList.toggle("chosen", isOwn && chosen.unit === value));
    }
    if (!chosen || !unit) return drawPaths([]);
    const here = this.#centreOf(chosen);
    const { model, layer } = chosen;
    drawPaths([
      ...unit.inputs.map(([from, added]) => ({ from: this.#centreOf({ model, layer: layer - 1, unit: from }), to: here, added })),
      ...unit.outputs.map(([to, added]) => ({ from: here, to: this.#centreOf({ model, layer: layer + 1, unit: to }), added })),
    ]);
  }

  /** The middle of a unit, pixel (layer 0) or output on the screen. @param {Place} place @returns {[number, number]} */
  #centreOf({ model, layer, unit }) {
    const network = this.#networks.find(({ name }) => name === model);
    const found = layer === 0 ? { canvas: this.#seen, columns: 28, rows: 28 } : gridOf(network?.hidden[layer - 1]);
    if (!found) {
      const box = network?.outputs[unit].getBoundingClientRect() ?? new DOMRect();
      return [box.left, box.top + box.height / 2];
    }
    const box = found.canvas.getBoundingClientRect();
    const [column, row] = [unit % found.columns, Math.floor(unit / found.columns)];
    return [box.left + ((column + 0.5) / found.columns) * box.width, box.top + ((row + 0.5) / found.rows) * box.height];
  }
}

/** @param {Layer | undefined} layer */
function gridOf(layer) {
  if (!layer) return;
  const rows = countRows(layer.count);
  return { canvas: layer.canvas, rows, columns: Math.ceil(layer.count / rows) };
}

/** @param {HTMLElement} content @param {string} name @param {string} caption */
function addCaption(content, name, caption) {
  return create("figure", {}, content, create("figcaption", {}, create("b", {}, name), name && " ", caption));
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
