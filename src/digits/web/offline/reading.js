// A drawing → what the network reads, in the interpretation that it reads best: inference/single_digit.py.

/** @import { Raster } from "./raster.js" */
/** @import { Tensor } from "./tensors.js" */
/** @typedef {{image: Raster, probabilities: number[], layers: Tensor[]}} Reading */

import { findInks, normalize } from "./digit.js";
import { calibrate, run } from "./network.js";
import { numbers } from "./numbers.js";

/** @param {Raster} image @returns {Reading} */
function ask(image) {
  const { logits, layers } = run(image.data);
  return { image, probabilities: calibrate(logits), layers };
}

/** @param {Raster} image */
const hasInk = (image) => image.data.some(Boolean);

/** Read a drawing of one digit; null without ink. @param {Raster} grey of 28 to 400 pixels @returns {Reading | null} */
export function read(grey) {
  const ways = findInks(grey);
  const { value: first } = ways.next();
  const image = normalize(first.ink);
  const found = [];
  if (hasInk(image)) {
    const reading = ask(image);
    if (first.odds >= numbers.MIN_POLARITY && Math.max(...reading.probabilities) >= numbers.MIN_CONFIDENCE) return reading;
    found.push({ reading, odds: first.odds });
  }
  for (const { ink, odds } of ways) {
    const other = normalize(ink);
    if (hasInk(other)) found.push({ reading: ask(other), odds });
  }
  const scores = found.map(({ reading, odds }) => {
    const confidence = Math.min(Math.max(...reading.probabilities), numbers.MAX_CONFIDENCE);
    return numbers.CONFIDENCE_WEIGHT * Math.log(confidence / (1 - confidence)) + odds;
  });
  return found[scores.indexOf(Math.max(...scores))]?.reading ?? null;
}
