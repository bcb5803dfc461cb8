// A drawing of one digit → the digit as MNIST has it: the way of digits' preprocessing/single.py and normalization.py.

/** @import { Raster } from "./raster.js" */
/** @typedef {{ink: Raster, odds: number}} Way one interpretation of a picture, and how probable it is before reading */

import { lineWidth, polarity, stretchInk, subtractGround, subtractLevel } from "./ink.js";
import { numbers } from "./numbers.js";
import { blank, bounds, clamp, crop, dilate, ellipse, invert, labelComponents, look, pad, quantile, roundEven, square } from "./raster.js";
import { resizeArea, resizeLinear } from "./resize.js";

/** Every interpretation, the most usual first. @param {Raster} grey of 28 to 400 pixels @returns {Generator<Way>} */
export function* findInks(grey) {
  const odds = polarity(grey);
  const isUsuallyLight = odds > 0;
  for (const isLight of [isUsuallyLight, !isUsuallyLight]) {
    const dark = isLight ? invert(grey) : grey;
    for (const subtract of [subtractGround, subtractLevel]) {
      const ink = stretchInk(subtract(dark));
      const unframed = removeFrame(ink);
      const overlooked = numbers.OVERLOOKED_WEIGHT * measureOverlooked(dark, ink);
      const prior = (isLight ? odds : -odds) + (subtract === subtractLevel ? numbers.LEVEL_ODDS : 0) + overlooked;
      yield { ink: chooseComponents(ink), odds: prior };
      if (unframed !== ink) yield { ink: chooseComponents(unframed), odds: prior + numbers.FRAME_ODDS };
    }
  }
}

/**
 * Pixels that are ground, but no lighter than the ink is, over the number of inked pixels; at most 1.
 * @param {Raster} dark @param {Raster} ink
 */
function measureOverlooked(dark, ink) {
  const counts = new Array(256).fill(0);
  let size = 0;
  ink.data.forEach((level, index) => {
    size += Number(level > 0);
    counts[dark.data[index]] += Number(level > numbers.HALF_INK);
  });
  if (!size) return 0;
  const typical = quantile(counts, 0.5);
  let missed = 0;
  ink.data.forEach((level, index) => (missed += Number(!level && dark.data[index] <= typical)));
  return Math.min(missed / size, 1);
}

/** Remove rows and columns full of ink along the border. @param {Raster} ink @returns {Raster} */
function removeFrame(ink) {
  const { width, height } = ink;
  let kept = ink;
  for (let side = 0; side < 4; side++) {
    // the sides in the order in which turning the picture by 90° brings them up: top, right, bottom, left
    const isRow = side % 2 === 0;
    const [across, deep] = isRow ? [width, height] : [height, width];
    const indexOf = (/** @type {number} */ line, /** @type {number} */ place) => {
      const inside = side === 0 || side === 3 ? line : deep - 1 - line;
      return isRow ? inside * width + place : place * width + inside;
    };
    const limit = Math.min(roundEven(numbers.MAX_FRAME_WIDTH * deep) + 1, deep);
    const isFull = (/** @type {number} */ line) => {
      let count = 0;
      for (let place = 0; place < across; place++) count += Number(kept.data[indexOf(line, place)] > 0);
      return count > numbers.MIN_FRAME_INK * across;
    };
    let wide = 0;
    while (wide < limit && isFull(wide)) wide++;
    if (wide === 0 || wide === limit) continue; // ink that is wider is no frame
    kept = { ...kept, data: kept.data.slice() };
    for (let line = 0; line < wide; line++) for (let place = 0; place < across; place++) kept.data[indexOf(line, place)] = 0;
  }
  return kept;
}

/** Keep the main component, large and near the middle, and those that may be parts of it. @param {Raster} ink @returns {Raster} */
function chooseComponents(ink) {
  const { width, height } = ink;
  const { count, labels } = labelComponents(ink);
  if (count < 3) return ink;
  const parts = Array.from({ length: count }, () => ({ amount: 0, size: 0, x: 0, y: 0, left: width, top: height, right: -1, bottom: -1 }));
  labels.forEach((label, index) => {
    const [part, x, y] = [parts[label], index % width, Math.floor(index / width)];
    part.amount += ink.data[index];
    part.size++;
    part.x += x;
    part.y += y;
    [part.left, part.right] = [Math.min(part.left, x), Math.max(part.right, x)];
    [part.top, part.bottom] = [Math.min(part.top, y), Math.max(part.bottom, y)];
  });
  const scored = parts.slice(1).map(({ amount, size, x, y, left, top, right, bottom }) => {
    const distance = (x / size / width - 0.5) ** 2 + (y / size / height - 0.5) ** 2;
    const atBorder = left === 0 || top === 0 || right === width - 1 || bottom === height - 1;
    const [wide, high] = [right - left + 1, bottom - top + 1];
    const isLine = (wide > 0.9 * width && high < 0.12 * height) || (high > 0.9 * height && wide < 0.06 * width);
    const weight = (atBorder ? numbers.BORDER_WEIGHT : 1) * (isLine ? numbers.LINE_WEIGHT : 1);
    return { score: amount * Math.exp(-4 * distance) * weight, isLine };
  });
  const main = scored.reduce((best, { score }, index) => (score > scored[best].score ? index : best), 0);
  const keep = [false, ...scored.map(({ score, isLine }, index) => index === main || (score > numbers.MIN_SHARE * scored[main].score && !isLine))];
  return { ...ink, data: ink.data.map((level, index) => (keep[labels[index]] ? level : 0)) };
}

/** Scale and place the ink of one digit as MNIST does; all zeros without ink. @param {Raster} ink @returns {Raster} 28 × 28 */
export function normalize(ink) {
  const digit = blank(numbers.SIDE, numbers.SIDE);
  const box = bounds(ink);
  if (!box) return digit;
  const { width, height, data } = fit(crop(ink, box));
  let [sum, across, down] = [0, 0, 0];
  data.forEach((level, index) => {
    sum += level;
    across += level * (index % width);
    down += level * Math.floor(index / width);
  });
  const x = clamp(roundEven(numbers.CENTRE - across / sum), 0, numbers.SIDE - width);
  const y = clamp(roundEven(numbers.CENTRE - down / sum), 0, numbers.SIDE - height);
  for (let row = 0; row < height; row++) {
    digit.data.set(data.subarray(row * width, (row + 1) * width), (y + row) * numbers.SIDE + x);
  }
  return digit;
}

/** @param {Raster} ink */
const longest = (ink) => Math.max(ink.width, ink.height);

/** Scale ink to a longer side of 20 pixels. @param {Raster} ink @returns {Raster} */
function fit(ink) {
  if (longest(ink) === numbers.BOX) return stretch(ink);
  let scaled = longest(ink) > numbers.MAX_INK_SIDE ? shrinkCoarsely(ink) : ink;
  if (longest(ink) > numbers.BOX) scaled = thicken(scaled);
  const scale = numbers.BOX / longest(scaled);
  const [width, height] = [scaled.width, scaled.height].map((length) => Math.max(roundEven(length * scale), 1));
  return stretch(scale < 1 ? resizeArea(scaled, width, height) : resizeLinear(scaled, width, height));
}

/** Shrink large ink by a whole number; where lines are thinner than that, each block keeps its brightest pixel. @param {Raster} ink @returns {Raster} */
function shrinkCoarsely(ink) {
  const step = Math.ceil(longest(ink) / numbers.MAX_INK_SIDE);
  const wide = lineWidth(ink) < 2 * step ? dilate(ink, square(step), step >> 1) : ink;
  return resizeArea(wide, Math.ceil(ink.width / step), Math.ceil(ink.height / step));
}

/** Thicken lines that would be too thin in a digit of 20 pixels. @param {Raster} ink @returns {Raster} */
function thicken(ink) {
  const factor = longest(ink) < numbers.MIN_MEASURED_SIDE ? Math.ceil(numbers.MIN_MEASURED_SIDE / longest(ink)) : 1;
  const measured = resizeLinear(ink, ink.width * factor, ink.height * factor);
  const missing = roundEven(numbers.MIN_LINE_WIDTH * (longest(measured) / numbers.BOX) - lineWidth(measured));
  if (missing < 1) return ink;
  const wide = dilate(pad(measured, (missing + 1) >> 1), ellipse(missing + 1), (missing + 1) >> 1);
  const box = bounds(wide);
  return box ? crop(wide, box) : ink;
}

/** Stretch the brightest pixel to 255, unless it is full ink already. @param {Raster} ink @returns {Raster} */
function stretch(ink) {
  const peak = ink.data.reduce((largest, level) => Math.max(largest, level), 0);
  if (peak >= numbers.FULL_INK || !peak) return ink;
  const scale = Math.fround(255 / peak);
  return look(ink, Array.from({ length: 256 }, (_, level) => clamp(roundEven(Math.fround(level * scale)), 0, 255)));
}
