// Numbers and answers in words, and announcements for screen readers.

/** @import { Digit, Reading } from "./api.js" */

import { byId, create } from "./elements.js";

/** A probability in percent, never rounded up to certainty. @param {number} probability */
export function percent(probability) {
  if (probability >= 0.9995) return ">99.9";
  if (probability < 0.0005) return "0";
  return (100 * probability).toFixed(1);
}

/** A digit with its article. @param {number} value */
export const withArticle = (value) => `${value === 8 ? "an" : "a"} ${value}`;

/** Begin with a capital letter. @param {string} words */
export const capitalize = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** The name of a model as a list shows it: of a run, first the recipe, then its time. @param {string} name */
export const shorten = (name) => name.replace(/^\d{4}-\d\d-\d\d-(\d\d)(\d\d)(\d\d)-(.+)$/, "$4 $1:$2:$3");

/** @param {Digit} digit */
export function describeDigit({ value, confidence, accepted, doubts }) {
  const share = `${percent(confidence)}\u00a0%`;
  return accepted ? `${value}, ${share} confident` : `${capitalize(doubts[0])} (${share})`;
}

/** A reading in one sentence, for screen readers. @param {Reading} reading */
export function describeReading({ digits, lines, notice }) {
  const accepted = digits.filter((digit) => digit.accepted);
  const rest = notice && `${capitalize(notice)}.`;
  if (!accepted.length) return rest;
  const least = percent(Math.min(...accepted.map((digit) => digit.confidence))).replace(">", "more than ");
  const text = lines.map((line) => [...line].join(" ")).join(", ");
  if (digits.length === 1) return `${text}, ${least} percent confident.`;
  return `${text}: each ${least.startsWith("more") ? least : `at least ${least}`} percent confident. ${rest}`.trim();
}

/** Show how long an answer took. @param {HTMLElement} place @param {number} milliseconds */
export function showTime(place, milliseconds) {
  place.replaceChildren(create("span", { class: "wordy" }, "read in "), `${Math.round(milliseconds)} ms`);
}

/** @type {number | undefined} */
let timer;

/** Announce a sentence to screen readers, unless a newer one follows. @param {string} sentence @param {number} [wait] ms */
export function announce(sentence, wait = 600) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const region = byId("announcement");
    // screen readers repeat the same words only if the region changed between
    region.textContent = region.textContent === sentence ? `${sentence}\u00a0` : sentence;
  }, wait);
}

export const cancelAnnouncement = () => clearTimeout(timer);
