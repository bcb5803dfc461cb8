// Corrections: stored on this computer, and only after the person agreed.

/** @import { StoredCorrections } from "./api.js" */
/** @import { Source } from "./main.js" */

import * as api from "./api.js";
import { addCopying } from "./clipboard.js";
import { byId, create } from "./elements.js";
import { announce, percent, withArticle } from "./phrases.js";
import { MAX_SHOWN, Tray } from "./tray.js";

const CONSENT = "digits.consent";

/**
 * Confidence from which on a label that contradicts the answer is asked about. The cnn is wrong in 5 of 4,821 of MNIST's
 * validation digits that it reads with as much, and in 8 of 3,310 digits of UCI's tablet; fingers slip more often.
 */
const CONFIDENT = 0.99;

/** @type {Storage | undefined} */
let storage;
try {
  storage = localStorage;
} catch {
  // switched off: consent lasts until the page is closed
}

export class Corrections {
  /** @type {StoredCorrections | null} null where corrections are not available */
  #stored = null;
  /** @type {Source | null} */
  #source = null;
  /** The image of the digit on offer, by which a new one is recognized. */
  #image = "";
  #agreed = false;

  /**
   * @param {() => string} getModel name of the model whose reading counts the digits
   * @param {(count: number) => void} counted called with the number of corrections whenever it may have changed
   * @param {(error: Error) => void} refuse called with what went wrong
   */
  constructor(getModel, counted, refuse) {
    this.getModel = getModel;
    this.counted = counted;
    this.refuse = refuse;
    for (let value = 0; value < 10; value++) {
      const attributes = { type: "button", class: "label", "aria-label": `It is ${withArticle(value)}` };
      const button = create("button", attributes, String(value));
      button.addEventListener("click", () => this.#correct(value).catch(refuse));
      byId("labels").append(button);
    }
    byId("right").addEventListener("click", () => this.#correct(this.#read() ?? 0).catch(refuse));
    this.tray = new Tray(async () => this.#show(await api.listCorrections(MAX_SHOWN)), refuse);
    for (const suffix of /** @type {const} */ (["csv", "zip"])) {
      byId(`corrections-${suffix}`).addEventListener("click", () => download(suffix).catch(refuse));
    }
    byId("corrections-delete").addEventListener("click", () => this.#deleteAll().catch(refuse));
    addCopying(byId("corrections-copy"), () => byId("corrections-command").textContent ?? "");
  }

  /** Load what is stored; other computers are refused, and the page says so. */
  async start() {
    try {
      this.#show(await api.listCorrections(MAX_SHOWN));
      this.#agreed = storage?.getItem(CONSENT) === "yes";
    } catch (refused) {
      if (!(refused instanceof api.Refused && refused.status === 403)) throw refused;
      byId("elsewhere").hidden = false;
    }
  }

  /** Offer to correct the digit that a source explains. @param {Source} source */
  offer(source) {
    const { focus } = source.explanation ?? {};
    if (focus?.image !== this.#image) showStatus();
    this.#source = source;
    this.#image = focus?.image ?? "";
    byId("correct").hidden = !focus || !this.#stored || !source.isWritten;
    byId("right").hidden = this.#read() === null;
    byId("correct-title").textContent = this.#read() === null ? "Is it a digit? It is a" : "Not right? It is a";
  }

  /** What the digit on offer is read as; null for a probable non-digit. */
  #read() {
    const { focus, answers } = this.#source?.explanation ?? {};
    const digit = focus && answers?.[0].reading.digits[focus.digit];
    return digit?.accepted ? digit.value : null;
  }

  /** @param {number} label */
  async #correct(label) {
    // the answer that the person saw, even if another arrives while they think
    const { explanation, page, how } = /** @type {Source} */ (this.#source);
    const picture = /** @type {Source} */ (this.#source).picture();
    const digit = explanation?.focus?.digit ?? 0;
    if (!(await this.#askConsent())) return showStatus("Nothing was saved.");
    const { correction } = await api.addCorrection(picture, { label, digit, model: this.getModel(), page, ...how });
    this.#show(await api.listCorrections(MAX_SHOWN));
    const undo = create("button", { type: "button", class: "link" }, "Undo");
    undo.addEventListener("click", () => this.#undo(correction.id).catch(this.refuse));
    const saved = `Saved as ${withArticle(label)}.`;
    const read = explanation?.answers[0].reading.digits[digit];
    if (!read?.accepted || read.value === label || read.confidence < CONFIDENT) return showStatus(saved, undo);
    const keep = create("button", { type: "button", class: "link" }, `Keep ${label}`);
    keep.addEventListener("click", () => {
      showStatus(saved, undo);
      undo.focus();
    });
    const share = percent(read.confidence).replace(">", "more than ");
    showStatus(saved, `The network is ${share}\u00a0% confident that it is ${withArticle(read.value)}. Is it ${withArticle(label)}?`, keep, undo);
  }

  /** @param {string} id */
  async #undo(id) {
    await api.deleteCorrection(id);
    this.#show(await api.listCorrections(MAX_SHOWN));
    showStatus("Removed.");
    byId("labels").querySelector("button")?.focus();
  }

  async #askConsent() {
    if (this.#agreed) return true;
    byId("consent-folder").textContent = this.#stored?.folder ?? "";
    if ((await ask("consent")) !== "yes") return false;
    this.#setConsent(true);
    return true;
  }

  /** @param {boolean} agreed */
  #setConsent(agreed) {
    this.#agreed = agreed;
    if (agreed) storage?.setItem(CONSENT, "yes");
    else storage?.removeItem(CONSENT);
  }

  async #deleteAll() {
    const { count, folder } = /** @type {StoredCorrections} */ (this.#stored);
    byId("deletion-text").textContent = `${countDigits(count)} will be deleted from ${folder}. This cannot be undone.`;
    if ((await ask("deletion")) !== "yes") return;
    this.#show(await api.deleteCorrections());
    this.#setConsent(false); // the next correction asks again
    showStatus();
    this.tray.say();
    announce("All corrections are deleted.", 0);
  }

  /** @param {StoredCorrections} stored */
  #show(stored) {
    const { count, folder, per_class: perClass } = (this.#stored = stored);
    this.counted(count);
    byId("corrections").hidden = false;
    byId("corrections-full").hidden = !count;
    byId("corrections-count").textContent = count
      ? `${countDigits(count)}, in ${folder}`
      : "Digits that you correct can be saved on this computer, to train a network that knows your handwriting.";
    this.tray.show(stored);
    const largest = Math.max(...perClass, 1);
    byId("corrections-classes").replaceChildren(...perClass.map((each, value) => createBar(value, each, largest)));
    const argument = /^[\w./:~-]+$/.test(folder) ? folder : `"${folder}"`; // as a shell reads it
    byId("corrections-command").textContent = `digits train --extra-data ${argument} --from mlp`;
  }
}

/** Save all corrections as a file. @param {"csv" | "zip"} suffix */
async function download(suffix) {
  const href = URL.createObjectURL(await api.exportCorrections(suffix));
  create("a", { href, download: `digits.${suffix}` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // once the browser has surely read it
}

/** @param {(string | Node)[]} parts */
function showStatus(...parts) {
  byId("correct-status").replaceChildren(...parts.flatMap((part) => [part, " "]));
}

/** @param {number} count */
const countDigits = (count) => `${count.toLocaleString("en")} ${count === 1 ? "digit" : "digits"}`;

/** @param {number} value @param {number} count @param {number} largest */
function createBar(value, count, largest) {
  const bar = create("i");
  bar.style.height = `${(100 * count) / largest}%`;
  const attributes = { class: count ? "" : "none", "aria-label": `${value}: ${count}` };
  return create("li", attributes, create("span", {}, bar), create("b", {}, String(value)), String(count));
}

/** Ask in a dialog, and give the answer; Escape gives none. @param {string} id @returns {Promise<string>} */
function ask(id) {
  const dialog = byId(id, HTMLDialogElement);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}
