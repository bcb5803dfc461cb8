// What was read, in numerals, words and bars.

import { byId, element } from "./elements.js";
import { aDigit, percent } from "./words.js";

export class Answer {
  #rows = [];
  #shown = "";

  /** @param {(digit: number) => void} open told which digit is to be looked into */
  constructor(open) {
    this.open = open;
    for (let value = 0; value < 10; value++) this.#rows.push(this.#addRow(value));
    this.empty();
  }

  #addRow(value) {
    const [a, b] = [element("div", { class: "bar a" }), element("div", { class: "bar b" })];
    const numbers = [element("td", { class: "of-a" }), element("td", { class: "of-b" })];
    const track = element("td", { class: "track", "aria-hidden": "true" }, element("div", {}, a, b));
    const row = element("tr", {}, element("th", { scope: "row" }, String(value)), track, ...numbers);
    byId("bars").append(row);
    return { row, bars: [a, b], numbers };
  }

  /** Show that there is nothing to answer. */
  empty() {
    byId("answer").dataset.state = "empty";
    this.#numerals([], -1);
    this.#verdict("", "What it reads appears here, as you write.");
    this.#doubts([]);
    this.#bars([]);
    byId("copy").hidden = true;
  }

  /** Show that a picture holds nothing that could be a digit. */
  nothing() {
    this.empty();
    byId("answer").dataset.state = "none";
    this.#verdict("Nothing here", " that could be a digit.");
  }

  /**
   * Show an answer of the service.
   * @param {object} look what /api/look gave
   * @param {boolean} asText whether the text is shown as it is, and the digits are chosen elsewhere
   */
  show(look, asText) {
    const [first, second] = look.answers;
    if (!look.inside) return this.nothing();
    const opened = look.inside.digit;
    const digit = first.reading.digits[opened];
    byId("answer").dataset.state = digit.accepted ? "digit" : "refused";
    if (asText) this.#text(first.reading);
    else this.#numerals(rowsOf(first.reading), opened);
    this.#say(digit, first, second);
    this.#doubts(digit.doubts);
    this.#bars(look.inside.models.map((model) => model.probabilities), digit.value);
    byId("copy").hidden = !first.reading.text;
  }

  #say(digit, first, second) {
    const many = first.reading.digits.length > 1;
    const other = second ? comparison(first.reading, second) : "";
    if (digit.accepted) {
      const sure = `${percent(digit.confidence).replace(">", "more than ")} % sure.`;
      this.#verdict(many ? `The ${digit.value}: ${sure}` : sure.charAt(0).toUpperCase() + sure.slice(1), other);
    } else {
      this.#verdict("Not a digit,", ` as far as it knows. If it were, then ${aDigit(digit.value)} (${percent(digit.confidence)} %).${other}`);
    }
  }

  #verdict(strong, rest) {
    byId("verdict").replaceChildren(element("strong", {}, strong), rest);
  }

  #doubts(doubts) {
    byId("doubts").hidden = !doubts.length;
    byId("doubts").textContent = doubts.length ? `Look again: ${doubts.join("; ")}.` : "";
  }

  #bars(probabilities, best) {
    this.#rows.forEach(({ row, bars, numbers }, value) => {
      row.classList.toggle("best", value === best);
      for (const which of [0, 1]) {
        const probability = probabilities[which]?.[value];
        // a little is seen of what is nothing but not quite
        bars[which].style.transform = `scaleX(${probability ?? 0})`;
        numbers[which].textContent = probability === undefined ? "" : percent(probability);
        numbers[which].classList.toggle("none", !(probability >= 0.0005));
      }
    });
  }

  #numerals(rows, opened) {
    const shown = JSON.stringify([rows.map((row) => row.map((digit) => digit && [digit.value, digit.accepted])), opened]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const group = byId("numerals");
    const focused = group.contains(document.activeElement) ? document.activeElement.dataset.digit : null;
    group.dataset.size = sizeOf(Math.max(0, ...rows.map((row) => row.length)), rows.length);
    group.replaceChildren(
      ...rows.map((row) => element("div", {}, ...row.map((digit) => (digit ? this.#numeral(digit, opened) : element("span", { class: "gap" }))))),
    );
    if (focused !== null) group.querySelector(`[data-digit="${focused}"]`)?.focus();
  }

  #numeral(digit, opened) {
    const name = digit.accepted ? String(digit.value) : `not a digit, at most ${aDigit(digit.value)}`;
    const button = element(
      "button",
      { type: "button", class: "numeral", "data-digit": digit.index, "aria-pressed": digit.index === opened, "aria-label": name },
      digit.accepted ? String(digit.value) : element("span", {}, "not a digit"),
    );
    button.classList.toggle("refused", !digit.accepted);
    button.addEventListener("click", () => this.open(digit.index));
    return button;
  }

  #text(reading) {
    this.#shown = "";
    const group = byId("numerals");
    const longest = Math.max(0, ...reading.lines.map((line) => line.length));
    group.dataset.size = sizeOf(longest, reading.lines.length);
    const text = element("pre", { tabindex: 0, role: "group", "aria-label": "The text" }, reading.text || "–");
    group.replaceChildren(text);
  }
}

/** The digits in the lines they stand in, `null` for a wide gap; what is no digit stays where it was found. */
function rowsOf(reading) {
  const digits = reading.digits.map((digit, index) => ({ ...digit, index }));
  let next = 0;
  const rows = reading.lines.map((line) => {
    const row = [];
    for (const letter of line) {
      if (letter === " ") row.push(null);
      else {
        while (!digits[next].accepted) row.push(digits[next++]);
        row.push(digits[next++]);
      }
    }
    return row;
  });
  const rest = digits.slice(next);
  if (rest.length) rows.length ? rows.at(-1).push(...rest) : rows.push(rest);
  return rows;
}

function sizeOf(columns, rows) {
  if (columns <= 5 && rows <= 1) return "large";
  if (columns <= 9 && rows <= 3) return "middle";
  return columns <= 18 && rows <= 8 ? "small" : "tiny";
}

function comparison(reading, { model, reading: { text } }) {
  if (text === reading.text) return ` ${model} agrees.`;
  if (!text) return ` ${model} reads no digit.`;
  return text.length > 24 || text.includes("\n") ? ` ${model} reads it differently.` : ` ${model} reads ${text}.`;
}
