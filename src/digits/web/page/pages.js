// The pages of a PDF or TIFF: which one is shown, and the controls that choose another.

import { byId } from "./elements.js";

export class Pages {
  /** The page that is shown, from 1. */
  current = 1;
  /** How many the file has, as far as that is known. */
  count = 1;

  /** @param {() => void} turned called when another page is to be shown */
  constructor(turned) {
    this.turned = turned;
    byId("page-before").addEventListener("click", () => this.#turnTo(this.current - 1));
    byId("page-after").addEventListener("click", () => this.#turnTo(this.current + 1));
    const input = byId("page", HTMLInputElement);
    input.addEventListener("change", () => this.#turnTo(input.valueAsNumber));
    byId("photograph").addEventListener("keydown", (event) => {
      const step = { PageUp: -1, PageDown: 1 }[event.key];
      if (!step || this.count < 2) return;
      event.preventDefault();
      this.#turnTo(this.current + step);
    });
  }

  /** Show the controls for a file of so many pages, or hide them for one. @param {number} current @param {number} count */
  show(current, count) {
    Object.assign(this, { current, count });
    for (const id of ["pages", "page-keys"]) byId(id).hidden = count < 2;
    Object.assign(byId("page", HTMLInputElement), { max: count, value: current });
    byId("page-count").textContent = `of ${count.toLocaleString("en")}`;
    // disabled buttons would lose the focus
    byId("page-before").setAttribute("aria-disabled", String(current === 1));
    byId("page-after").setAttribute("aria-disabled", String(current === count));
  }

  /** The page in words, for screen readers; nothing for the only one. */
  describe() {
    return this.count > 1 ? `Page ${this.current} of ${this.count}. ` : "";
  }

  /** @param {number} page any number, or NaN */
  #turnTo(page) {
    const next = Math.min(Math.max(Math.round(page) || this.current, 1), this.count);
    const isOther = next !== this.current;
    this.show(next, this.count);
    if (isOther) this.turned();
  }
}
