// A person's own set: corrections, kept on this computer and only once they agreed.

import * as api from "./api.js";
import { addCopying } from "./copying.js";
import { byId, element } from "./elements.js";
import { aDigit, announce } from "./words.js";

const AGREED = "digits.consent";

/** What was answered, remembered by this browser; `memory` where it may not store anything. */
const memory = new Map();
const stored = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return memory.get(key);
  }
};
const store = (key, value) => {
  try {
    value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value);
  } catch {
    memory.set(key, value);
  }
};

export class Own {
  /** What is kept; null where it may not be asked. */
  #set = null;
  #source = null;

  /**
   * @param {() => string} model whose reading a digit is counted in
   * @param {(refused: Error) => void} refuse
   */
  constructor(model, refuse) {
    this.model = model;
    this.refuse = refuse;
    for (let value = 0; value < 10; value++) {
      const button = element("button", { type: "button", class: "label", "aria-label": `It is ${aDigit(value)}` }, String(value));
      button.addEventListener("click", () => this.#correct(value));
      byId("labels").append(button);
    }
    byId("own-delete").addEventListener("click", () => this.#deleteAll());
    addCopying(byId("own-copy"), () => byId("own-command").textContent);
  }

  /** Ask what is kept; from another computer nothing is told, and the page says why. */
  async begin() {
    try {
      this.#show(await api.own());
    } catch (refused) {
      if (refused.status !== 403) throw refused;
      byId("elsewhere").hidden = false;
    }
  }

  /** Offer to correct the digit that a source has open; null: there is none. */
  offer(source) {
    const digit = source?.look?.inside;
    // a new answer is another digit, of which nothing is kept yet
    if (source?.look?.inside?.image !== this.#source?.image) this.#tell();
    this.#source = digit ? { source, image: digit.image } : null;
    byId("correct").hidden = !digit || !this.#set;
    const read = digit && source.look.answers[0].reading.digits[digit.digit];
    byId("correct-title").textContent = read?.accepted ? "Not right? It is a" : "Is it one after all? It is a";
  }

  async #correct(label) {
    const { source } = this.#source;
    // the answer that the person saw, whatever comes while they think
    const { digit } = source.look.inside;
    const picture = await source.picture();
    if (!(await this.#agreed())) return this.#tell("Nothing was kept.");
    try {
      const { kept } = await api.keep(picture, { label, digit, model: this.model(), upright: source.upright });
      this.#show(await api.own());
      const undo = element("button", { type: "button", class: "link" }, "Undo");
      undo.addEventListener("click", () => this.#takeBack(kept.id));
      this.#tell(`Kept as ${aDigit(label)} in your set.`, undo);
    } catch (refused) {
      this.refuse(refused);
    }
  }

  async #takeBack(id) {
    try {
      this.#show(await api.forget(id));
      this.#tell("Taken out again.");
      byId("labels").firstElementChild.focus();
    } catch (refused) {
      this.refuse(refused);
    }
  }

  async #agreed() {
    if (stored(AGREED) === "yes") return true;
    byId("consent-folder").textContent = this.#set.folder;
    const agreed = (await answerOf(byId("consent"))) === "yes";
    if (agreed) store(AGREED, "yes");
    return agreed;
  }

  async #deleteAll() {
    const { count, folder } = this.#set;
    byId("deletion-text").textContent = `${numbered(count)} will be deleted from ${folder}. This cannot be undone.`;
    if ((await answerOf(byId("deletion"))) !== "yes") return;
    try {
      this.#show(await api.forgetAll());
      store(AGREED, null); // who begins anew is asked anew
      this.#tell();
      announce("Your set is deleted.", 0);
    } catch (refused) {
      this.refuse(refused);
    }
  }

  #tell(...words) {
    byId("kept").replaceChildren(...words.flatMap((word) => [word, " "]));
  }

  #show(set) {
    this.#set = set;
    byId("own").hidden = false;
    byId("own-full").hidden = !set.count;
    byId("own-count").textContent = set.count
      ? `${numbered(set.count)}, in ${set.folder}`
      : "Digits that you correct can be kept on this computer, for a network that learns your hand.";
    const most = Math.max(...set.per_class, 1);
    byId("own-classes").replaceChildren(...set.per_class.map((count, value) => classOf(value, count, most)));
    byId("own-command").textContent = `digits train --extra ${quoted(set.folder)} --from mlp`;
  }
}

const numbered = (count) => `${count.toLocaleString("en")} ${count === 1 ? "digit" : "digits"}`;

/** A folder as a shell takes it. */
const quoted = (folder) => (/^[\w./:~-]+$/.test(folder) ? folder : `"${folder}"`);

function classOf(value, count, most) {
  const bar = element("i");
  bar.style.height = `${(100 * count) / most}%`;
  const item = element("li", { "aria-label": `${value}: ${count}` }, element("span", {}, bar), element("b", {}, String(value)), String(count));
  item.classList.toggle("none", !count);
  return item;
}

/** Ask in a dialog; closing it by Escape answers nothing. */
function answerOf(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}
