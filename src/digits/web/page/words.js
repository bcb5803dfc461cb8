// Numbers and answers in words, and who says them aloud.

import { element } from "./elements.js";

/** A probability in percent as the bars show it: as exact as can be told, and never more sure than it is. */
export function percent(probability) {
  if (probability >= 0.9995) return ">99.9";
  if (probability < 0.0005) return "0";
  return (100 * probability).toFixed(1);
}

/** A digit with its article. */
export const aDigit = (value) => `${value === 8 ? "an" : "a"} ${value}`;

/** What a digit was read as, in a sentence. */
export function told(digit) {
  if (!digit.accepted) return `Not a digit, as far as it knows; if it were one, ${aDigit(digit.value)} (${percent(digit.confidence)} %).`;
  return `${digit.value}, ${percent(digit.confidence)} % sure`;
}

/** The same for those who listen. */
export function spoken(reading) {
  const found = reading.digits;
  if (!found.length) return "Nothing found that could be a digit.";
  if (found.length === 1) {
    const sure = percent(found[0].confidence).replace(">", "more than ");
    return found[0].accepted ? `${found[0].value}, ${sure} percent sure.` : "Not a digit.";
  }
  const refused = found.filter((digit) => !digit.accepted).length;
  const least = Math.min(...found.filter((digit) => digit.accepted).map((digit) => digit.confidence));
  const text = reading.lines.map((line) => [...line].join(" ")).join(", ");
  const rest = refused ? ` ${refused} more ${refused === 1 ? "is" : "are"} not a digit.` : "";
  if (!text) return `${found.length} found, none of them a digit.`;
  return `${text}: each at least ${percent(least).replace(">", "")} percent sure.${rest}`;
}

/** How long an answer took, quietly. */
export function showTime(place, milliseconds) {
  place.replaceChildren(element("span", { class: "wordy" }, "read in "), `${Math.round(milliseconds)} ms`);
}

let timer = 0;

/** Say something to those who listen, once nothing newer has come for a while. */
export function announce(sentence, wait = 600) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const region = document.getElementById("said");
    // the same words twice are said twice only if the region changed between
    region.textContent = region.textContent === sentence ? `${sentence}\u00a0` : sentence;
  }, wait);
}

export const hush = () => clearTimeout(timer);
