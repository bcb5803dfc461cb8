// Two ways to change the size of a picture, as OpenCV has them: INTER_AREA, rounded in 32 bits, and INTER_LINEAR_EXACT.

/** @import { Raster } from "./raster.js" */
/** @typedef {{from: number, to: number, weight: number}} Share of a pixel in another */

import { blank, clamp, roundEven } from "./raster.js";

const { fround } = Math;

/** Shrink a picture whose longer side is above `longest`; others stay as they are. @param {Raster} raster @param {number} longest @returns {Raster} */
export function shrink(raster, longest) {
  const scale = longest / Math.max(raster.width, raster.height);
  if (scale >= 1) return raster;
  return resizeArea(raster, Math.max(roundEven(raster.width * scale), 1), Math.max(roundEven(raster.height * scale), 1));
}

/** Shrink: each pixel is the mean of those it covers. @param {Raster} raster @param {number} width @param {number} height @returns {Raster} */
export function resizeArea(raster, width, height) {
  const [across, down] = [scaleOf(raster.width, width), scaleOf(raster.height, height)];
  if (across === 1 && down === 1) return raster;
  if (Number.isInteger(across) && Number.isInteger(down)) return averageBlocks(raster, width, height, across, down);
  const rows = Array.from({ length: height }, () => new Float32Array(width));
  const columns = shareOut(raster.width, width, across);
  const sums = new Float32Array(width);
  for (const { from, to, weight } of shareOut(raster.height, height, down)) {
    sums.fill(0);
    const start = from * raster.width;
    for (const share of columns) sums[share.to] += fround(raster.data[start + share.from] * share.weight);
    for (let x = 0; x < width; x++) rows[to][x] += fround(weight * sums[x]);
  }
  const small = blank(width, height);
  rows.forEach((row, y) => small.data.set(row.map(roundEven), y * width));
  return small;
}

/** Pixels of the source per pixel of the result, computed in the order in which OpenCV rounds. @param {number} before @param {number} after */
const scaleOf = (before, after) => 1 / (after / before);

/** @param {number} before @param {number} after @param {number} scale @returns {Share[]} */
function shareOut(before, after, scale) {
  const shares = [];
  for (let to = 0; to < after; to++) {
    const [start, end] = [to * scale, to * scale + scale];
    const width = Math.min(scale, before - start);
    const last = Math.min(Math.floor(end), before - 1);
    const first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) shares.push({ from: first - 1, to, weight: fround((first - start) / width) });
    for (let from = first; from < last; from++) shares.push({ from, to, weight: fround(1 / width) });
    if (end - last > 1e-3) shares.push({ from: last, to, weight: fround(Math.min(end - last, 1, width) / width) });
  }
  return shares;
}

/** @param {Raster} raster @param {number} width @param {number} height @param {number} across @param {number} down @returns {Raster} */
function averageBlocks(raster, width, height, across, down) {
  const small = blank(width, height);
  const scale = fround(1 / (across * down));
  const isHalf = across === 2 && down === 2; // where OpenCV rounds halves up
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let row = y * down; row < (y + 1) * down; row++) {
        for (let column = x * across; column < (x + 1) * across; column++) sum += raster.data[row * raster.width + column];
      }
      small.data[y * width + x] = isHalf ? (sum + 2) >> 2 : roundEven(fround(sum * scale));
    }
  }
  return small;
}

/** Change the size by linear interpolation in whole numbers. @param {Raster} raster @param {number} width @param {number} height @returns {Raster} */
export function resizeLinear(raster, width, height) {
  if (width === raster.width && height === raster.height) return raster;
  const [columns, rows] = [interpolate(raster.width, width), interpolate(raster.height, height)];
  const result = blank(width, height);
  rows.forEach(([above, below, lower], y) => {
    columns.forEach(([left, right, later], x) => {
      const mix = (/** @type {number} */ row) => (256 - later) * raster.data[row * raster.width + left] + later * raster.data[row * raster.width + right];
      result.data[y * width + x] = ((256 - lower) * mix(above) + lower * mix(below) + 32768) >> 16;
    });
  });
  return result;
}

/** For each place: the two pixels around it, and the weight of the second in 256ths. @param {number} before @param {number} after @returns {[number, number, number][]} */
function interpolate(before, after) {
  const scale = scaleOf(before, after);
  return Array.from({ length: after }, (_, place) => {
    const position = scale * (place + 0.5) - 0.5;
    const first = Math.floor(position);
    const weight = first < 0 || first >= before - 1 ? 0 : roundEven((position - first) * 256);
    return [clamp(first, 0, before - 1), clamp(first + 1, 0, before - 1), weight];
  });
}
