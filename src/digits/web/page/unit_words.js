// Sentences about a unit, for people who learn what a network is.

/** @import { ExcitingDigits, Paths, Unit } from "./api.js" */

/** @param {number} value */
const signed = (value) => `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`;

/** @param {Unit} unit @param {boolean} isOutput @param {boolean} isBlank */
export function describeValue({ value }, isOutput, isBlank) {
  if (isBlank) return "Draw a digit to see it at work.";
  if (isOutput) return `Its sum is ${signed(value)}: the output with the largest sum is the answer.`;
  return value > 0 ? `It is lit: its value is ${value.toFixed(2)}.` : "It is dark: its sum is below zero, so it passes on nothing.";
}

/** @param {number} layer @param {Unit} unit @param {boolean} isBlank */
export function describeWeights(layer, { weights }, isBlank) {
  if (!weights) return "There is no exact picture of its weights, since the units before it are not ReLUs.";
  if (layer === 1) return "Its 784 weights: ink on blue pixels lights it up, ink on orange ones keeps it dark.";
  const paths = isBlank ? "all units before it" : "the units that are lit now";
  return `Its weights, followed back to the pixels through ${paths}: ink on blue pixels adds to it, ink on orange ones takes away.`;
}

/** @param {number} layer @param {Unit} unit @param {boolean} leadsToOutputs */
export function describePaths(layer, { inputs, outputs }, leadsToOutputs) {
  const before = (/** @type {number} */ unit) => `unit ${unit}`;
  const after = (/** @type {number} */ unit) => (leadsToOutputs ? `the answer ${unit}` : `unit ${unit}`);
  const received = layer > 1 ? listPaths("It receives most from", inputs, before) : "";
  return [received, listPaths("It adds most to", outputs, after)].filter(Boolean).join(" ");
}

/** @param {string} start @param {Paths} paths @param {(unit: number) => string} name */
function listPaths(start, paths, name) {
  const [for_, against] = [paths.filter(([, added]) => added > 0), paths.filter(([, added]) => added < 0)];
  const parts = [for_[0], against[0]].filter(Boolean).map(([unit, added]) => `${name(unit)} (${signed(added)})`);
  return parts.length ? `${start} ${parts.join(" and ")}.` : "";
}

/** @param {ExcitingDigits} found */
export function describeExciting({ source, count, digits }) {
  const labels = digits.map(({ label }) => label);
  const counts = Array.from({ length: 10 }, (_, value) => labels.filter((label) => label === value).length);
  const most = counts.indexOf(Math.max(...counts));
  const mostly = counts[most] > labels.length / 2 ? `, ${counts[most] === labels.length ? "all" : "mostly"} ${most}s` : ", of several classes";
  return `Of ${count.toLocaleString("en")} digits (${source}), these excite it most${mostly}:`;
}
