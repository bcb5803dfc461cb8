// The network of this file: its operators one after the other, from a digit to its logits, with all values in between.

/** @import { Tensor } from "./tensors.js" */

import { content, decodeBytes, decodeFloats, numbers } from "./numbers.js";
import { WEIGHING } from "./layers.js";
import { ARRANGING } from "./tensors.js";

const OPERATORS = { ...ARRANGING, ...WEIGHING };

/** @type {Map<string, Tensor>} */
const constants = new Map();
for (const [name, { shape, values }] of Object.entries(content.constants)) {
  constants.set(name, { shape, data: typeof values === "string" ? decodeFloats(values) : values });
}

/** @typedef {{logits: ArrayLike<number>, layers: Tensor[]}} Answer for the first digit: its logits, and the inputs of the layers */

/** Run the network on one digit. @param {Uint8Array} pixels 28 × 28 @returns {Answer} */
export function run(pixels) {
  const values = new Map(constants);
  values.set(content.input, { shape: [1, numbers.SIDE, numbers.SIDE], data: Float32Array.from(pixels) });
  for (const { operator, inputs, outputs, attributes } of content.nodes) {
    const tensors = inputs.map((name) => /** @type {Tensor} */ (values.get(name)));
    values.set(outputs[0], OPERATORS[operator](attributes, ...tensors));
  }
  const find = (/** @type {string} */ name) => /** @type {Tensor} */ (values.get(name));
  return { logits: find(content.output).data, layers: content.layers.map(find) };
}

/** @param {ArrayLike<number>} logits */
export function calibrate(logits) {
  const scaled = Array.from(logits, (logit) => logit / content.about.temperature);
  const largest = Math.max(...scaled);
  const powers = scaled.map((each) => Math.exp(each - largest));
  const sum = powers.reduce((total, each) => total + each, 0);
  return powers.map((each) => each / sum);
}

/** Whether the network answers as it did when it was trained, on the few digits that its file holds for that. */
export function checkItself() {
  const images = decodeBytes(content.about.golden.images);
  const expected = decodeFloats(content.about.golden.logits);
  const size = numbers.SIDE ** 2;
  for (let index = 0; index < images.length / size; index++) {
    const { logits } = run(images.subarray(index * size, (index + 1) * size));
    const wanted = expected.subarray(10 * index, 10 * index + 10);
    const isClose = (/** @type {number} */ logit, /** @type {number} */ digit) =>
      Math.abs(logit - wanted[digit]) <= numbers.TOLERANCE * (1 + Math.abs(wanted[digit]));
    if (!Array.from(logits).every(isClose)) return false;
  }
  return true;
}
