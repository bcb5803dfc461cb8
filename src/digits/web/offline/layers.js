// Operators of ONNX that multiply by weights, or pool: plain loops, which take a few milliseconds per digit.

/** @import { Attributes, Tensor } from "./tensors.js" */

import { sizeOf } from "./tensors.js";

/** @typedef {{size: number[], strides: number[], pads: number[], dilations: number[], out: number[]}} Window */

/** @param {Attributes} attributes @param {number[]} size of the window @param {number[]} shape of the maps @returns {Window} */
function windowOf({ strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], auto_pad: padding = "NOTSET", ceil_mode: ceiled = 0 }, size, shape) {
  if (padding !== "NOTSET" && padding !== "VALID") throw new Error(`auto_pad ${padding} is unknown`);
  const out = [0, 1].map((axis) => {
    const room = shape[2 + axis] + pads[axis] + pads[axis + 2] - dilations[axis] * (size[axis] - 1) - 1;
    return Math[ceiled ? "ceil" : "floor"](room / strides[axis]) + 1;
  });
  return { size, strides, pads, dilations, out };
}

/** @type {(attributes: Attributes, maps: Tensor, weights: Tensor, bias?: Tensor) => Tensor} */
function convolve(attributes, maps, weights, bias) {
  const [n, , height, width] = maps.shape;
  const [filters, channels, ...size] = weights.shape;
  if (size.length !== 2) throw new Error("only pictures can be convolved");
  const { strides, pads, dilations, out } = windowOf(attributes, size, maps.shape);
  const perGroup = filters / (attributes.group ?? 1);
  const result = new Float32Array(n * filters * out[0] * out[1]);
  const sums = new Float64Array(out[0] * out[1]);
  for (let image = 0, place = 0; image < n; image++) {
    for (let filter = 0; filter < filters; filter++) {
      sums.fill(bias?.data[filter] ?? 0);
      const first = Math.floor(filter / perGroup) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const map = (image * maps.shape[1] + first + channel) * height * width;
        for (let row = 0; row < size[0]; row++) {
          for (let column = 0; column < size[1]; column++) {
            const weight = weights.data[((filter * channels + channel) * size[0] + row) * size[1] + column];
            for (let y = 0; y < out[0]; y++) {
              const down = y * strides[0] + row * dilations[0] - pads[0];
              if (down < 0 || down >= height) continue;
              for (let x = 0; x < out[1]; x++) {
                const across = x * strides[1] + column * dilations[1] - pads[1];
                if (across >= 0 && across < width) sums[y * out[1] + x] += weight * maps.data[map + down * width + across];
              }
            }
          }
        }
      }
      result.set(sums, place);
      place += sums.length;
    }
  }
  return { shape: [n, filters, ...out], data: result };
}

/** @param {(values: number[], size: number) => number} compute */
function pool(compute) {
  return (/** @type {Attributes} */ attributes, /** @type {Tensor} */ maps) => {
    const [n, channels, height, width] = maps.shape;
    const { size, strides, pads, dilations, out } = windowOf(attributes, attributes.kernel_shape, maps.shape);
    const result = new Float32Array(n * channels * out[0] * out[1]);
    let place = 0;
    for (let map = 0; map < n * channels; map++) {
      for (let y = 0; y < out[0]; y++) {
        for (let x = 0; x < out[1]; x++) {
          const seen = [];
          for (let row = 0; row < size[0]; row++) {
            for (let column = 0; column < size[1]; column++) {
              const [down, across] = [y * strides[0] + row * dilations[0] - pads[0], x * strides[1] + column * dilations[1] - pads[1]];
              if (down >= 0 && down < height && across >= 0 && across < width) seen.push(maps.data[(map * height + down) * width + across]);
            }
          }
          result[place++] = compute(seen, attributes.count_include_pad ? size[0] * size[1] : seen.length);
        }
      }
    }
    return { shape: [n, channels, ...out], data: result };
  };
}

/** @type {(values: number[], size: number) => number} */
const mean = (values, size) => values.reduce((sum, value) => sum + value, 0) / size;

/** @param {(attributes: Attributes, maps: Tensor) => Tensor} pooling */
const overAll = (pooling) => (/** @type {Attributes} */ _, /** @type {Tensor} */ maps) => pooling({ kernel_shape: maps.shape.slice(2) }, maps);

/** Multiply rows by a matrix. @param {Tensor} rows @param {Tensor} matrix @param {boolean} isTurned whether the matrix has one row per result @param {(column: number) => number} start @returns {Tensor} */
function multiply(rows, matrix, isTurned, start) {
  if (matrix.shape.length !== 2) throw new Error("only tables of weights can be multiplied by");
  const [inner, columns] = isTurned ? [matrix.shape[1], matrix.shape[0]] : matrix.shape;
  const n = sizeOf(rows.shape.slice(0, -1));
  const result = new Float32Array(n * columns);
  const [across, down] = isTurned ? [inner, 1] : [1, columns];
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = start(column);
      for (let index = 0; index < inner; index++) sum += rows.data[row * inner + index] * matrix.data[column * across + index * down];
      result[row * columns + column] = sum;
    }
  }
  return { shape: [...rows.shape.slice(0, -1), columns], data: result };
}

const maxPool = pool((values) => Math.max(...values));
const averagePool = pool(mean);

/** @type {Record<string, (attributes: Attributes, ...inputs: Tensor[]) => Tensor>} */
export const WEIGHING = {
  Gemm: ({ alpha = 1, beta = 1, transA = 0, transB = 0 }, rows, matrix, bias) => {
    if (alpha !== 1 || beta !== 1 || transA) throw new Error("Gemm: only weights times inputs plus a bias");
    return multiply(rows, matrix, Boolean(transB), (column) => bias?.data[column] ?? 0);
  },
  MatMul: (_, rows, matrix) => multiply(rows, matrix, false, () => 0),
  Conv: convolve,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalMaxPool: overAll(maxPool),
  GlobalAveragePool: overAll(averagePool),
};
