// The tray of corrections: a thumbnail of each of the newest, which can be deleted, and brought back.

/** @import { Correction, StoredCorrections } from "./api.js" */

import { deleteCorrection, restoreCorrection } from "./api.js";
import { byId, create } from "./elements.js";
import { withArticle } from "./phrases.js";
import { decodePixels, paintPixels } from "./tiles.js";

/** Thumbnails, at most: they fill a window. */
export const MAX_SHOWN = 60;

export class Tray {
  /**
   * @param {() => Promise<void>} reload called when corrections were deleted or restored
   * @param {(error: Error) => void} refuse called with what went wrong
   */
  constructor(reload, refuse) {
    this.reload = reload;
    this.refuse = refuse;
  }

  /** @param {StoredCorrections} stored */
  show({ digits, count }) {
    const shown = digits.filter(({ image }) => image).reverse();
    byId("tray").replaceChildren(...shown.map((correction) => this.#createItem(correction)));
    byId("tray-rest").textContent = count > shown.length ? `The newest ${shown.length} of ${count.toLocaleString("en")}.` : "";
  }

  /** @param {Correction} correction */
  #createItem({ id, label, image }) {
    const canvas = create("canvas", { class: "pixels", width: 28, height: 28, role: "img", "aria-label": `Saved as ${withArticle(label)}` });
    paintPixels(canvas, decodePixels(image ?? ""));
    const remove = create("button", { type: "button", class: "remove", "aria-label": `Delete this ${label}`, title: "Delete" }, "×");
    remove.addEventListener("click", () => this.#delete(id, label).catch(this.refuse));
    return create("li", {}, canvas, create("b", {}, String(label)), remove);
  }

  /** @param {string} id @param {number} label */
  async #delete(id, label) {
    await deleteCorrection(id);
    await this.reload();
    const undo = create("button", { type: "button", class: "link" }, "Bring it back");
    undo.addEventListener("click", () => this.#restore(id).catch(this.refuse));
    this.say(`The ${label} is deleted. `, undo);
    undo.focus();
  }

  /** @param {string} id */
  async #restore(id) {
    await restoreCorrection(id);
    await this.reload();
    this.say("It is back.");
  }

  /** @param {(string | Node)[]} parts */
  say(...parts) {
    byId("tray-status").replaceChildren(...parts);
  }
}
