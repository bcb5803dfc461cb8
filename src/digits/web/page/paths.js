// The strongest paths through a unit, drawn over the network: blue where it adds, orange where it takes away.

import { byId } from "./elements.js";

const SVG = "http://www.w3.org/2000/svg";

/** Width of the strongest line, in pixels. */
const WIDEST = 5;

/** @typedef {{from: [number, number], to: [number, number], added: number}} Path between two places on the screen */

/** @param {Path[]} paths */
export function drawPaths(paths) {
  const { left, top } = byId("flow").getBoundingClientRect();
  const svg = /** @type {SVGElement} */ (document.getElementById("paths") ?? createLayer());
  const strongest = Math.max(...paths.map(({ added }) => Math.abs(added)), 1e-9);
  svg.replaceChildren(
    ...paths.map(({ from, to, added }) => {
      const line = document.createElementNS(SVG, "path");
      const [x1, y1, x2, y2] = [from[0] - left, from[1] - top, to[0] - left, to[1] - top];
      const bend = (x2 - x1) / 2;
      line.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
      line.setAttribute("class", added > 0 ? "for" : "against");
      line.setAttribute("stroke-width", String(Math.max((WIDEST * Math.abs(added)) / strongest, 1)));
      return line;
    }),
  );
}

function createLayer() {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ id: "paths", class: "paths", "aria-hidden": "true" })) svg.setAttribute(name, value);
  byId("flow").append(svg);
  return svg;
}
