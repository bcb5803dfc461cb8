// The answer: numerals, words and bars.

/** @import { Answer as ModelAnswer, Digit, Explanation, Reading } from "./api.js" */
/** @typedef {Digit & {index: number}} IndexedDigit */
/** A line: its digits, its signs, and `null` for each wide gap. @typedef {(IndexedDigit | string | null)[]} Row */

import { byId, create } from "./elements.js";
import { capitalize, percent } from "./phrases.js";

export class Answer {
  #bars;
  /** What the numerals show, to rebuild them only when that changes. */
  #shown = "";

  /** @param {(digit: number) => void} select called with the digit to explain */
  constructor(select) {
    this.select = select;
    this.#bars = Array.from({ length: 10 }, (_, value) => createBars(value));
    this.clear();
  }

  /** Show that there is nothing to read yet. */
  clear() {
    byId("answer").dataset.state = "empty";
    this.#showNumerals([], -1);
    showVerdict("", "The answer appears here.");
    showDoubts([]);
    this.#showBars([], -1);
    byId("copy").hidden = true;
  }

  /** @param {Explanation} explanation @param {boolean} asText show plain text, since digits are selected elsewhere */
  show({ answers: [first, second], focus }, asText) {
    if (!focus) {
      this.clear();
      byId("answer").dataset.state = "none";
      return showVerdict(`${capitalize(first.reading.notice)}.`);
    }
    const digit = first.reading.digits[focus.digit];
    byId("answer").dataset.state = digit.accepted ? "accepted" : "rejected";
    if (asText) this.#showText(first.reading);
    else this.#showNumerals(arrangeRows(first.reading), focus.digit);
    showVerdict(...judge(digit, first.reading), second ? compare(first.reading, second) : "");
    showDoubts(digit.accepted ? digit.doubts : []); // the verdict says why a digit is rejected
    this.#showBars(focus.models.map((model) => model.probabilities), digit.value);
    byId("copy").hidden = !first.reading.text;
  }

  /** @param {number[][]} probabilities per model @param {number} best */
  #showBars(probabilities, best) {
    this.#bars.forEach(({ row, bars, numbers }, value) => {
      row.classList.toggle("best", value === best);
      for (const which of [0, 1]) {
        const probability = probabilities[which]?.[value];
        bars[which].style.transform = `scaleX(${probability ?? 0})`;
        numbers[which].textContent = probability === undefined ? "" : percent(probability);
        numbers[which].classList.toggle("none", !(probability >= 0.0005));
      }
    });
  }

  /** @param {Row[]} rows @param {number} focused */
  #showNumerals(rows, focused) {
    const look = (/** @type {Row[number]} */ item) => (isDigit(item) ? [item.value, item.accepted] : item);
    const shown = JSON.stringify([rows.map((row) => row.map(look)), focused]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const group = byId("numerals");
    const active = /** @type {HTMLElement | null} */ (group.querySelector(":focus"))?.dataset.digit;
    group.dataset.size = chooseSize(Math.max(0, ...rows.map((row) => row.length)), rows.length);
    const gap = () => create("span", { class: "gap" });
    const show = (/** @type {Row[number]} */ item) =>
      isDigit(item) ? this.#createNumeral(item, focused) : item ? create("span", { class: "sign" }, item) : gap();
    group.replaceChildren(...rows.map((row) => create("div", {}, ...row.map(show))));
    /** @type {HTMLElement | null} */ (group.querySelector(`[data-digit="${active}"]`))?.focus();
  }

  /** @param {IndexedDigit} digit @param {number} focused */
  #createNumeral({ value, accepted, doubts, index }, focused) {
    const button = create(
      "button",
      {
        type: "button",
        class: accepted ? "numeral" : "numeral rejected",
        "data-digit": index,
        "aria-pressed": index === focused,
        "aria-label": accepted ? value : doubts[0],
      },
      accepted ? String(value) : create("span", {}, doubts[0].split(",")[0]),
    );
    button.addEventListener("click", () => this.select(index));
    return button;
  }

  /** @param {Reading} reading */
  #showText({ lines, text }) {
    this.#shown = "";
    byId("numerals").dataset.size = chooseSize(Math.max(0, ...lines.map((line) => line.length)), lines.length);
    byId("numerals").replaceChildren(create("pre", { tabindex: 0, role: "group", "aria-label": "The text" }, text || "–"));
  }
}

/** @param {number} value */
function createBars(value) {
  const bars = [create("div", { class: "bar a" }), create("div", { class: "bar b" })];
  const numbers = [create("td", { class: "of-a" }), create("td", { class: "of-b" })];
  const track = create("td", { class: "track", "aria-hidden": "true" }, create("div", {}, ...bars));
  const row = create("tr", {}, create("th", { scope: "row" }, String(value)), track, ...numbers);
  byId("bars").append(row);
  return { row, bars, numbers };
}

/** @param {string} strong @param {string[]} rest */
function showVerdict(strong, ...rest) {
  byId("verdict").replaceChildren(create("strong", {}, strong), ...rest);
}

/** @param {string[]} doubts */
function showDoubts(doubts) {
  byId("doubts").hidden = !doubts.length;
  byId("doubts").textContent = doubts.length ? `Please check: ${doubts.join("; ")}.` : "";
}

/** The verdict on a digit: bold words, and the rest. @param {Digit} digit @param {Reading} reading @returns {[string, string]} */
function judge({ value, confidence, accepted, alternatives, doubts }, { digits }) {
  if (!accepted) {
    const shares = [[value, confidence], ...alternatives.slice(0, 1)].map(([each, share]) => `${each}: ${percent(share)}\u00a0%`);
    return [capitalize(doubts[0]), ` (${shares.join(", ")}).`];
  }
  const confident = `${percent(confidence)}\u00a0%`.replace(">", "more than ") + " confident.";
  return [digits.length > 1 ? `The ${value}: ${confident}` : capitalize(confident), ""];
}

/** Whether a part of a line is a digit, rather than a sign or a wide gap. @param {Row[number]} item @returns {item is IndexedDigit} */
const isDigit = (item) => typeof item === "object" && item !== null;

/** Arrange digits and signs in their lines; non-digits stay where they were found. @param {Reading} reading */
function arrangeRows({ digits, lines }) {
  const rest = digits.map((digit, index) => ({ ...digit, index }));
  const takeNext = () => rest.splice(0, 1 + rest.findIndex((digit) => digit.accepted)); // with non-digits before it
  /** @param {string} letter @returns {Row} */
  const take = (letter) => (/\d/.test(letter) ? takeNext() : letter === " " ? [null] : [letter]);
  const rows = lines.map((line) => [...line].flatMap(take));
  if (!rows.length) return [rest];
  rows[rows.length - 1].push(...rest);
  return rows;
}

/** @param {number} columns @param {number} rows */
function chooseSize(columns, rows) {
  if (columns <= 5 && rows <= 1) return "large";
  if (columns <= 9 && rows <= 3) return "middle";
  return columns <= 18 && rows <= 8 ? "small" : "tiny";
}

/** @param {Reading} reading @param {ModelAnswer} other */
function compare(reading, { model, reading: { text } }) {
  if (text === reading.text) return ` ${model} agrees.`;
  if (!text) return ` ${model} reads no digit.`;
  return text.length > 24 || text.includes("\n") ? ` ${model} reads the picture differently.` : ` ${model} reads ${text}.`;
}
