// A grey picture → ink on 0: the way of digits' preprocessing/ink.py, step by step, with its numbers.

/** @import { Raster } from "./raster.js" */
/** @typedef {{dark: Raster, light: Raster}} Contrast how much darker than the ground each pixel is, and how much lighter */

import { content, numbers } from "./numbers.js";
import { blank, blur, clamp, countLevels, largest, look, otsu, quantile, roundEven, smallest, windowSums } from "./raster.js";
import { resizeArea, resizeLinear, shrink } from "./resize.js";

const { DARK_GROUND } = numbers;

/** @param {number} ground @param {number} level */
const differ = (ground, level) => Math.floor(((ground - level) * 255) / (ground > DARK_GROUND ? ground : DARK_GROUND));

/** Compare with a ground for each place. @param {Raster} grey @returns {Contrast} */
export function subtractGround(grey) {
  const small = shrink(grey, numbers.LINE_WIDTH_SIDE);
  const contrast = subtractClosing(small, roundEven(numbers.MAX_LINE_WIDTH * Math.min(small.width, small.height)));
  const [longer, shorter] = [Math.max(grey.width, grey.height), Math.min(grey.width, grey.height)];
  const width = (lineWidth(stretchInk(contrast)) * longer) / Math.max(small.width, small.height);
  const window = Math.max(roundEven(numbers.CLOSING_WINDOW * width), Math.floor(longer / numbers.MAX_WINDOWS));
  return subtractClosing(grey, Math.min(window, roundEven(numbers.MAX_LINE_WIDTH * shorter)));
}

/** Compare with one ground for the whole picture. @param {Raster} grey @returns {Contrast} */
export function subtractLevel(grey) {
  const threshold = otsu(grey);
  const level = quantile(countLevels(grey).map((count, each) => (each > threshold ? count : 0)), 0.5);
  return compare(grey, new Uint8Array(grey.data.length).fill(level));
}

/** @param {Raster} grey @param {Uint8Array} ground @returns {Contrast} */
function compare(grey, ground) {
  const [dark, light] = [blank(grey.width, grey.height), blank(grey.width, grey.height)];
  for (let index = 0; index < ground.length; index++) {
    const difference = differ(ground[index], grey.data[index]);
    if (difference > 0) dark.data[index] = Math.min(difference, 255);
    else light.data[index] = Math.min(-difference, 255);
  }
  return { dark, light };
}

/** Find the ground by a closing that removes ink. @param {Raster} grey @param {number} window @returns {Contrast} */
function subtractClosing(grey, window) {
  const step = Math.max(Math.floor(window / numbers.WINDOW_SIDE), 1);
  const parts = [grey.width, grey.height].map((length) => Math.max(Math.floor(length / step), 1));
  const small = step > 1 ? resizeArea(grey, parts[0], parts[1]) : smooth(grey);
  const side = Math.max(Math.floor(window / step), 3) | 1;
  const closed = smallest(largest(small, side), side);
  const above = { ...small, data: closed.data.map((level, index) => Math.max(level - small.data[index], 0)) };
  const low = Math.max(0.5 * otsu(above), 2);
  const blankParts = smallest({ ...above, data: above.data.map((level) => (level <= low ? 1 : 0)) }, 3);
  const counts = windowSums(blankParts.data, small.width, small.height, 2 * side + 1);
  const totals = windowSums(above.data.map((level, index) => level * blankParts.data[index]), small.width, small.height, 2 * side + 1);
  const lowered = closed.data.map((level, index) => {
    const noise = Math.floor((totals[index] + Math.floor(counts[index] / 2)) / Math.max(counts[index], 1));
    return Math.max(level - noise, 0);
  });
  const ground = blur({ ...small, data: lowered }, 3);
  const whole = step > 1 ? resizeLinear(ground, grey.width, grey.height) : ground;
  return compare(grey, whole.data);
}

/** The binomial blur that OpenCV's GaussianBlur is for 3 × 3. @param {Raster} raster @returns {Raster} */
function smooth({ width, height, data }) {
  const result = blank(width, height);
  /** @param {number} place @param {number} length */
  const mirror = (place, length) => (length === 1 ? 0 : place < 0 ? 1 : place < length ? place : length - 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let dy = -1; dy <= 1; dy++) {
        const start = mirror(y + dy, height) * width;
        const sides = data[start + mirror(x - 1, width)] + data[start + mirror(x + 1, width)];
        sum += (2 - Math.abs(dy)) * (sides + 2 * data[start + x]);
      }
      result.data[y * width + x] = (sum + 8) >> 4;
    }
  }
  return result;
}

/** Stretch contrast to ink, given the noise of the ground. @param {Contrast} contrast @returns {Raster} */
export function stretchInk({ dark, light }) {
  const threshold = otsu(dark);
  const [counts, lighter] = [countLevels(dark), countLevels(light)];
  const strong = counts.map((count, level) => (level > threshold ? count : 0));
  if (!strong.some(Boolean)) return blank(dark.width, dark.height);
  const full = quantile(strong, 0.6);
  const weak = counts.map((count, level) => count - strong[level] + lighter[level]);
  weak[0] -= light.data.length - lighter[0];
  const noise = quantile(weak, 0.683);
  if (full < Math.max(numbers.MIN_CONTRAST, 2 * noise)) return blank(dark.width, dark.height);
  const low = Math.min(Math.max(numbers.MIN_INK * full, numbers.MIN_INK_TO_NOISE * noise), 0.7 * full);
  const scale = 255 / (full - low);
  return look(dark, Array.from({ length: 256 }, (_, level) => clamp(roundEven((level - low) * scale), 0, 255)));
}

/** The width of lines, in pixels: twice the area over the edge that an erosion removes. @param {Raster} ink */
export function lineWidth(ink) {
  const sum = (/** @type {Uint8Array} */ data) => data.reduce((total, level) => total + level, 0);
  const area = sum(ink.data);
  return area ? (2 * area) / Math.max(area - sum(smallest(ink, 3, 0).data), 1) : 2;
}

/** How probably ink is lighter than its ground: the logarithm of the odds. @param {Raster} grey */
export function polarity(grey) {
  const small = shrink(grey, numbers.LIGHTING_SIDE);
  const mean = blur(grey, roundEven(numbers.MEAN_WINDOW * Math.max(grey.width, grey.height)) | 1);
  const skews = [skewness(small, median(small)), skewness(grey, mean)].map((each) => clamp(each, -numbers.MAX_SKEWNESS, numbers.MAX_SKEWNESS));
  const threshold = otsu(small);
  const isDark = (/** @type {number} */ x, /** @type {number} */ y) => Number(small.data[y * small.width + x] <= threshold);
  const [right, bottom] = [small.width - 1, small.height - 1];
  let [border, whole] = [0, 0];
  for (let x = 0; x <= right; x++) border += isDark(x, 0) + isDark(x, bottom);
  for (let y = 0; y <= bottom; y++) border += isDark(0, y) + isDark(right, y);
  for (const level of small.data) whole += Number(level <= threshold);
  const evidence = [...skews, border / (2 * (small.width + small.height)) - 0.5, whole / small.data.length - 0.5];
  return evidence.reduce((total, each, index) => total + each * content.weights[index], 0);
}

/** @param {Raster} grey @param {Raster} ground */
function skewness(grey, ground) {
  let [squares, cubes] = [0, 0];
  for (let index = 0; index < grey.data.length; index++) {
    const difference = grey.data[index] - ground.data[index];
    squares += difference * difference;
    cubes += difference * difference * difference;
  }
  return squares ? (cubes * Math.sqrt(grey.data.length)) / squares ** 1.5 : 0;
}

/** The median over a window of about half the picture, which is mirrored beyond its border. @param {Raster} small @returns {Raster} */
function median(small) {
  const { width, height, data } = small;
  const shorter = Math.min(width, height);
  const reach = Math.max(Math.floor(Math.floor(shorter * numbers.MEDIAN_WINDOW) / 2), 1);
  const beyond = (/** @type {number} */ place, /** @type {number} */ length) =>
    shorter > reach ? (place < 0 ? -place : place < length ? place : 2 * length - 2 - place) : clamp(place, 0, length - 1);
  const middle = 2 * reach * (reach + 1); // of the sorted levels of a window
  const result = blank(width, height);
  const counts = new Int32Array(256);
  const column = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ change) => {
    for (let dy = -reach; dy <= reach; dy++) counts[data[beyond(y + dy, height) * width + beyond(x, width)]] += change;
  };
  for (let y = 0; y < height; y++) {
    counts.fill(0);
    for (let x = -reach; x < reach; x++) column(x, y, 1);
    for (let x = 0; x < width; x++) {
      column(x + reach, y, 1);
      let [level, sum] = [0, counts[0]];
      while (sum <= middle) sum += counts[++level];
      result.data[y * width + x] = level;
      column(x - reach, y, -1);
    }
  }
  return result;
}
