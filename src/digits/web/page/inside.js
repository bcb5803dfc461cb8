// Inside: what the network sees, and its layers lighting up on the way to ten answers.

import { byId, element } from "./elements.js";
import { greysOf, paintGreys, paintNothing, paintUnits, rowsOf } from "./tiles.js";
import { aDigit } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export class Inside {
  /** What is shown of each model that has layers: its canvases and its answers. */
  #networks = [];

  /**
   * Set up the layers of the models that are chosen.
   * @param {{name: string, network: string, layers: number[] | null}[]} chosen
   */
  choose(chosen) {
    const open = chosen.filter((model) => model.layers);
    this.#networks = open.map((model) => makeNetwork(model));
    const lines = this.#networks.map(({ row }) => row);
    if (!lines.length) lines.push(closed(chosen));
    byId("networks").replaceChildren(...lines);
    this.empty();
  }

  empty() {
    paintNothing(byId("seen"));
    byId("seen").setAttribute("aria-label", "What the network sees: nothing yet");
    for (const network of this.#networks) paintNetwork(network, null);
  }

  /** @param {object} look what /api/look gave */
  show(look) {
    if (!look.inside) return this.empty();
    paintGreys(byId("seen"), greysOf(look.inside.image));
    const { value } = look.answers[0].reading.digits[look.inside.digit];
    byId("seen").setAttribute("aria-label", `What the network sees, and reads as ${aDigit(value)}`);
    for (const network of this.#networks) {
      paintNetwork(network, look.inside.models.find((model) => model.model === network.name));
    }
  }
}

function makeNetwork({ name, network, layers }) {
  const row = element("div", { class: "network", role: "group", "aria-label": `${name}, ${network}` });
  const hidden = layers.slice(1, -1).map((count, index) => {
    const canvas = element("canvas", { role: "img" });
    const grid = element("div", { class: "tile units" }, canvas);
    row.append(threads(), captioned(grid, index ? "" : name, `${count} units`));
    const layer = { canvas, count, units: null, side: 1 };
    new ResizeObserver(() => fit(layer, grid)).observe(grid);
    return layer;
  });
  const items = Array.from({ length: 10 }, (_, value) => element("li", {}, element("i"), String(value)));
  const answers = element("ol", { class: "tile answers", start: 0, "aria-label": `What ${name} answers` }, ...items);
  row.append(threads(), captioned(answers, "", "answers"));
  return { name, row, hidden, items };
}

/** Give each unit whole pixels of the screen, as many as the height of the tile has for it. */
function fit(layer, grid) {
  const { paddingTop, paddingBottom } = getComputedStyle(grid);
  const height = grid.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
  const scale = devicePixelRatio || 1;
  layer.side = Math.max(2, Math.floor((height * scale) / rowsOf(layer.count)));
  paintUnits(layer.canvas, layer.count, layer.units, layer.side);
  layer.canvas.style.width = `${layer.canvas.width / scale}px`;
}

function captioned(content, name, words) {
  return element("figure", {}, content, element("figcaption", {}, element("b", {}, name), name && " ", words));
}

function paintNetwork({ hidden, items }, told) {
  hidden.forEach((layer, index) => {
    layer.units = told?.layers[index] ?? null;
    paintUnits(layer.canvas, layer.count, layer.units, layer.side);
    const lit = layer.units?.filter((value) => value > 0).length ?? 0;
    layer.canvas.setAttribute("aria-label", `${layer.count} units of layer ${index + 1}, ${lit} of them lit`);
  });
  items.forEach((item, value) => {
    const probability = told?.probabilities[value] ?? 0;
    item.firstChild.style.opacity = probability;
    item.classList.toggle("lit", probability > 0.5);
  });
}

/** Hair lines from every one to every other, as such networks are drawn. */
function threads() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "threads");
  const path = document.createElementNS(SVG, "path");
  const ends = [4, 27, 50, 73, 96];
  path.setAttribute("d", ends.flatMap((from) => ends.map((to) => `M0 ${from}L100 ${to}`)).join(""));
  svg.append(path);
  return svg;
}

function closed(chosen) {
  const names = chosen.map((model) => model.name).join(" and ");
  return element("p", { class: "small" }, `${names}: no plain rows of units to show. Choose mlp beside the bars to see some.`);
}
