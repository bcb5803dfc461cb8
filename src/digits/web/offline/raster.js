// Pictures of one byte per pixel, and what is done to them: the same as OpenCV does in digits' Python, bit for bit.

/** @typedef {{width: number, height: number, data: Uint8Array}} Raster */
/** @typedef {{left: number, top: number, width: number, height: number}} Box */

/** @param {number} width @param {number} height @returns {Raster} */
export const blank = (width, height) => ({ width, height, data: new Uint8Array(width * height) });

/** Round to the nearest whole number, halves to the even one, as Python and OpenCV do. @param {number} value */
export function roundEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 ? floor + 1 : floor;
}

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** @param {Raster} raster @param {ArrayLike<number>} table what each of the 256 levels becomes @returns {Raster} */
export function look({ width, height, data }, table) {
  const result = blank(width, height);
  for (let index = 0; index < data.length; index++) result.data[index] = table[data[index]];
  return result;
}

/** @param {Raster} raster */
export function countLevels({ data }) {
  const counts = new Array(256).fill(0);
  for (const level of data) counts[level]++;
  return counts;
}

/** The lowest level that such a share of the counted pixels does not exceed. @param {number[]} counts @param {number} share */
export function quantile(counts, share) {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  return counts.findIndex((count) => (sum += count) >= wanted);
}

/** Otsu's threshold (1979). @param {Raster} raster */
export function otsu(raster) {
  const counts = countLevels(raster);
  const scale = 1 / raster.data.length;
  const mean = scale * counts.reduce((sum, count, level) => sum + level * count, 0);
  const epsilon = 2 ** -23;
  let [best, threshold, share, below] = [0, 0, 0, 0];
  for (let level = 0; level < 256; level++) {
    const part = counts[level] * scale;
    below *= share;
    share += part;
    const rest = 1 - share;
    if (Math.min(share, rest) < epsilon || Math.max(share, rest) > 1 - epsilon) continue;
    below = (below + level * part) / share;
    const above = (mean - share * below) / rest;
    const variance = share * rest * (below - above) ** 2;
    if (variance > best) [best, threshold] = [variance, level];
  }
  return threshold;
}

/** The rectangle around all pixels above 0; null without any. @param {Raster} raster @returns {Box | null} */
export function bounds({ width, height, data }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, index = 0; y < height; y++) {
    for (let x = 0; x < width; x++, index++) {
      if (!data[index]) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** @param {Raster} raster @param {Box} box @returns {Raster} */
export function crop(raster, { left, top, width, height }) {
  const part = blank(width, height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * raster.width + left;
    part.data.set(raster.data.subarray(start, start + width), y * width);
  }
  return part;
}

/** @param {Raster} raster @param {number} margin on every side @param {number} [level] in the margin @returns {Raster} */
export function pad(raster, margin, level = 0) {
  const wide = blank(raster.width + 2 * margin, raster.height + 2 * margin);
  wide.data.fill(level);
  for (let y = 0; y < raster.height; y++) {
    const row = raster.data.subarray(y * raster.width, (y + 1) * raster.width);
    wide.data.set(row, (y + margin) * wide.width + margin);
  }
  return wide;
}

/** The brightest pixel below an element; `element` has one span of columns per row. @param {Raster} raster @param {[from: number, to: number][]} element @param {number} anchor its middle @returns {Raster} */
export function dilate(raster, element, anchor) {
  const { width, height, data } = raster;
  const result = blank(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let brightest = 0;
      for (let row = 0; row < element.length; row++) {
        const source = y + row - anchor;
        if (source < 0 || source >= height) continue;
        const [from, to] = element[row];
        const last = Math.min(x + to - anchor, width);
        for (let column = Math.max(x + from - anchor, 0); column < last; column++) {
          brightest = Math.max(brightest, data[source * width + column]);
        }
      }
      result.data[y * width + x] = brightest;
    }
  }
  return result;
}

/** A square element for `dilate`. @param {number} side @returns {[number, number][]} */
export const square = (side) => Array.from({ length: side }, () => [0, side]);

/** A round element for `dilate`, as OpenCV makes it. @param {number} side @returns {[number, number][]} */
export function ellipse(side) {
  const radius = side >> 1;
  return Array.from({ length: side }, (_, row) => {
    const reach = roundEven(radius * Math.sqrt((radius ** 2 - (row - radius) ** 2) / radius ** 2));
    return [Math.max(radius - reach, 0), Math.min(radius + reach + 1, side)];
  });
}

/**
 * The largest value in a square window around each pixel; beyond the border, the border's own.
 * @param {Raster} raster @param {number} side odd @returns {Raster}
 */
export function largest(raster, side) {
  const { width, height } = raster;
  const rows = slide(raster.data, side, { lines: height, length: width, across: width, step: 1 });
  return { width, height, data: slide(rows, side, { lines: width, length: height, across: 1, step: width }) };
}

/** The smallest value in a square window around each pixel; beyond the border, `outside`. @param {Raster} raster @param {number} side odd @param {number} [outside] without it, the border's own @returns {Raster} */
export function smallest(raster, side, outside) {
  const margin = outside === undefined ? 0 : side >> 1;
  const wide = margin ? pad(raster, margin, outside) : raster;
  const found = invert(largest(invert(wide), side));
  return margin ? crop(found, { left: margin, top: margin, width: raster.width, height: raster.height }) : found;
}

/** @param {Raster} raster @returns {Raster} */
export function invert({ width, height, data }) {
  const negative = blank(width, height);
  for (let index = 0; index < data.length; index++) negative.data[index] = 255 - data[index];
  return negative;
}

/** @typedef {{lines: number, length: number, across: number, step: number}} Walk along the lines of a picture */

/** The largest value in a window along each line, from windows of half its length. @param {Uint8Array} data @param {number} side @param {Walk} walk */
function slide(data, side, { lines, length, across, step }) {
  const reach = side >> 1;
  const result = new Uint8Array(data.length);
  const line = new Uint8Array(length + 2 * reach);
  for (let number = 0; number < lines; number++) {
    const start = number * across;
    for (let place = 0; place < length; place++) line[place + reach] = data[start + place * step];
    line.fill(line[reach], 0, reach);
    line.fill(line[length + reach - 1], length + reach);
    let span = 1;
    for (; 2 * span <= side; span *= 2) {
      for (let place = 0; place + span < line.length; place++) if (line[place + span] > line[place]) line[place] = line[place + span];
    }
    const rest = side - span;
    for (let place = 0; place < length; place++) result[start + place * step] = Math.max(line[place], line[place + rest]);
  }
  return result;
}

/** The sum over a square window around each pixel; the border goes on beyond it. @param {Uint8Array | Int32Array} data @param {number} width @param {number} height @param {number} side odd */
export function windowSums(data, width, height, side) {
  const rows = sumAlong(data, side, { lines: height, length: width, across: width, step: 1 });
  return sumAlong(rows, side, { lines: width, length: height, across: 1, step: width });
}

/** @param {Uint8Array | Int32Array} data @param {number} side @param {Walk} walk */
function sumAlong(data, side, { lines, length, across, step }) {
  const reach = side >> 1;
  const result = new Int32Array(data.length);
  for (let number = 0; number < lines; number++) {
    const start = number * across;
    const last = start + (length - 1) * step;
    let sum = 0;
    for (let place = -reach; place <= reach; place++) sum += data[Math.min(Math.max(start + place * step, start), last)];
    for (let place = 0; place < length; place++) {
      result[start + place * step] = sum;
      const leaving = place - reach;
      const entering = place + reach + 1;
      sum += data[entering < length ? start + entering * step : last] - data[leaving > 0 ? start + leaving * step : start];
    }
  }
  return result;
}

/** The mean over a square window. @param {Raster} raster @param {number} side odd @returns {Raster} */
export function blur({ width, height, data }, side) {
  const mean = blank(width, height);
  const [sums, count] = [windowSums(data, width, height, side), side ** 2];
  for (let index = 0; index < sums.length; index++) mean.data[index] = Math.round(sums[index] / count); // no halves: an odd count
  return mean;
}

/** Label components of pixels above 0 that touch, corners included. @param {Raster} raster */
export function labelComponents({ width, height, data }) {
  const labels = new Int32Array(width * height);
  let count = 1; // 0 is what is between them
  for (let start = 0; start < data.length; start++) {
    if (!data[start] || labels[start]) continue;
    const stack = [start];
    labels[start] = count;
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      const x = index % width;
      const y = (index - x) / width;
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
          const near = row * width + column;
          if (!data[near] || labels[near]) continue;
          labels[near] = count;
          stack.push(near);
        }
      }
    }
    count++;
  }
  return { count, labels };
}
