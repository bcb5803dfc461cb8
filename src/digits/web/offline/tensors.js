// Operators of ONNX that arrange numbers, or compute each from those in its place. A tensor is a shape and its numbers.

/** @typedef {{shape: number[], data: Float32Array | number[]}} Tensor floats of 32 bits; lists hold whole numbers and truth values */
/** @typedef {Record<string, any>} Attributes */

/** @param {number[]} shape */
export const sizeOf = (shape) => shape.reduce((product, length) => product * length, 1);

/** @param {Tensor} tensor @param {number[]} shape @returns {Tensor} */
const reshape = ({ data }, shape) => ({ shape, data });

/** @param {Tensor} tensor @param {(value: number) => number} compute @returns {Tensor} */
const each = ({ shape, data }, compute) => ({ shape, data: Float32Array.from(data, compute) });

/** Steps in memory along each axis; 0 where a length of 1 stands for any. @param {number[]} shape @param {number} rank */
function stepsOf(shape, rank) {
  const steps = new Array(rank).fill(0);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis--]) {
    if (shape[axis] !== 1) steps[axis + rank - shape.length] = step;
  }
  return steps;
}

/** @param {number[][]} shapes */
function commonShape(...shapes) {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis + shape.length - rank] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

/** Call for every place of a shape, with its place in memory for each list of steps. @param {number[]} shape @param {number[][]} steps @param {(...places: number[]) => void} call */
function visit(shape, steps, call) {
  const place = shape.map(() => 0);
  const places = steps.map(() => 0);
  for (let left = sizeOf(shape); left > 0; left--) {
    call(...places);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis]++;
      steps.forEach((each_, index) => (places[index] += each_[axis]));
      if (place[axis] < shape[axis]) break;
      steps.forEach((each_, index) => (places[index] -= each_[axis] * shape[axis]));
      place[axis] = 0;
    }
  }
}

/** @param {(...values: number[]) => number} compute @param {boolean} [isWhole] whether the result is a list */
function together(compute, isWhole = false) {
  return (/** @type {Tensor[]} */ ...tensors) => {
    const shape = commonShape(...tensors.map((tensor) => tensor.shape));
    const isList = isWhole || tensors.slice(-2).every(({ data }) => Array.isArray(data));
    const data = isList ? new Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
    let index = 0;
    visit(shape, tensors.map((tensor) => stepsOf(tensor.shape, shape.length)), (...places) => {
      data[index++] = compute(...places.map((place, number) => tensors[number].data[place]));
    });
    return { shape, data };
  };
}

/** @param {number} axis @param {number[]} shape */
const fromEnd = (axis, shape) => (axis < 0 ? axis + shape.length : axis);

/** Take some places along an axis. @param {Tensor} tensor @param {number} axis @param {number[]} wanted @returns {Tensor} */
function take({ shape, data }, axis, wanted) {
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const taken = [...shape.slice(0, axis), wanted.length, ...shape.slice(axis + 1)];
  const result = Array.isArray(data) ? new Array(sizeOf(taken)) : new Float32Array(sizeOf(taken));
  let index = 0;
  for (let block = 0; block < outer; block++) {
    for (const place of wanted) {
      const start = (block * shape[axis] + (place < 0 ? place + shape[axis] : place)) * inner;
      for (let offset = 0; offset < inner; offset++) result[index++] = data[start + offset];
    }
  }
  return { shape: taken, data: result };
}

/** @param {Tensor} tensor @param {number[]} axes @param {boolean} keep @param {(values: number[]) => number} compute @returns {Tensor} */
function reduce({ shape, data }, axes, keep, compute) {
  const reduced = (axes.length ? axes : shape.map((_, axis) => axis)).map((axis) => fromEnd(axis, shape));
  const kept = shape.map((length, axis) => (reduced.includes(axis) ? 1 : length));
  /** @type {number[][]} */
  const groups = Array.from({ length: sizeOf(kept) }, () => []);
  visit(shape, [stepsOf(shape, shape.length), stepsOf(kept, shape.length)], (from, to) => groups[to].push(data[from]));
  return { shape: keep ? kept : kept.filter((_, axis) => !reduced.includes(axis)), data: Float32Array.from(groups, compute) };
}

/** @param {(values: number[]) => number} compute */
const reduction = (compute) => (/** @type {Attributes} */ { axes, keepdims = 1 }, /** @type {Tensor} */ tensor, /** @type {Tensor} */ given) =>
  reduce(tensor, axes ?? [...(given?.data ?? [])], Boolean(keepdims), compute);

/** @param {number[]} values */
const logSumExp = (values) => {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
};

/** @param {Tensor} tensor @param {number} axis @param {(value: number, total: number) => number} compute */
const normalizeAlong = (tensor, axis, compute) =>
  together(compute)(tensor, reduce(tensor, [axis], true, logSumExp));

/** The error function, to 1e-7 (W. J. Cody's range split is not needed: Abramowitz and Stegun 7.1.5 and 7.1.14). @param {number} value */
function erf(value) {
  const x = Math.abs(value);
  if (x > 6) return Math.sign(value);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
    term *= -(x ** 2) / n;
    sum += term / (2 * n + 1);
  }
  return Math.sign(value) * Math.min((2 / Math.sqrt(Math.PI)) * sum, 1);
}

/** @param {number} value */
const sigmoid = (value) => 1 / (1 + Math.exp(-value));

/** @param {(value: number, attributes: Attributes) => number} compute */
const activation = (compute) => (/** @type {Attributes} */ attributes, /** @type {Tensor} */ tensor) => each(tensor, (value) => compute(value, attributes));

/** @param {(...values: number[]) => number} compute @param {boolean} [isWhole] */
const elementwise = (compute, isWhole) => (/** @type {Attributes} */ _, /** @type {Tensor[]} */ ...tensors) => together(compute, isWhole)(...tensors);

/** @type {Record<string, (attributes: Attributes, ...inputs: Tensor[]) => Tensor>} */
export const ARRANGING = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Less: elementwise((a, b) => Number(a < b), true),
  Equal: elementwise((a, b) => Number(a === b), true),
  Where: elementwise((condition, a, b) => (condition ? a : b)),
  Relu: activation((value) => Math.max(value, 0)),
  LeakyRelu: activation((value, { alpha = 0.01 }) => (value < 0 ? alpha * value : value)),
  Elu: activation((value, { alpha = 1 }) => (value < 0 ? alpha * Math.expm1(value) : value)),
  Gelu: activation((value) => (value * (1 + erf(value / Math.SQRT2))) / 2),
  Erf: activation(erf),
  Sigmoid: activation(sigmoid),
  Swish: activation((value, { alpha = 1 }) => value * sigmoid(alpha * value)),
  Tanh: activation(Math.tanh),
  Softplus: activation((value) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))),
  Softmax: ({ axis = -1 }, tensor) => normalizeAlong(tensor, axis, (value, total) => Math.exp(value - total)),
  LogSoftmax: ({ axis = -1 }, tensor) => normalizeAlong(tensor, axis, (value, total) => value - total),
  ReduceMax: reduction((values) => Math.max(...values)),
  ReduceMean: reduction((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
  ReduceSum: reduction((values) => values.reduce((sum, value) => sum + value, 0)),
  ReduceLogSumExp: reduction(logSumExp),
  Cast: (_, tensor) => tensor, // from bytes, which are floats here already, or to what the next operator takes
  Identity: (_, tensor) => tensor,
  Dropout: (_, tensor) => tensor,
  Flatten: ({ axis = 1 }, tensor) => reshape(tensor, [sizeOf(tensor.shape.slice(0, axis)), sizeOf(tensor.shape.slice(axis))]),
  Reshape: (_, tensor, { data }) => {
    const known = [...data].reduce((product, length) => (length < 0 ? product : product * length), 1);
    return reshape(tensor, [...data].map((length) => (length < 0 ? tensor.data.length / known : length)));
  },
  Unsqueeze: (_, tensor, { data }) => {
    const shape = [...tensor.shape];
    const rank = shape.length + data.length;
    for (const axis of [...data].map((each_) => (each_ < 0 ? each_ + rank : each_)).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
    return reshape(tensor, shape);
  },
  Squeeze: (_, tensor, given) => {
    const axes = [...(given?.data ?? [])].map((axis) => fromEnd(axis, tensor.shape));
    return reshape(tensor, tensor.shape.filter((length, axis) => (given ? !axes.includes(axis) : length !== 1)));
  },
  Concat: ({ axis }, ...tensors) => {
    const at = fromEnd(axis, tensors[0].shape);
    const lengths = tensors.map(({ shape }) => sizeOf(shape.slice(at)));
    const shape = tensors[0].shape.map((length, index) => (index === at ? tensors.reduce((sum, tensor) => sum + tensor.shape[at], 0) : length));
    const data = new Float32Array(sizeOf(shape));
    for (let block = 0, start = 0; block < sizeOf(shape.slice(0, at)); block++) {
      tensors.forEach((tensor, index) => {
        for (let offset = 0; offset < lengths[index]; offset++) data[start++] = tensor.data[block * lengths[index] + offset];
      });
    }
    return { shape, data: tensors.every((tensor) => Array.isArray(tensor.data)) ? [...data] : data };
  },
  Transpose: ({ perm }, { shape, data }) => {
    const order = perm ?? shape.map((_, axis) => axis).reverse();
    const steps = stepsOf(shape, shape.length);
    const turned = order.map((/** @type {number} */ axis) => shape[axis]);
    const result = Array.isArray(data) ? new Array(data.length) : new Float32Array(data.length);
    let index = 0;
    visit(turned, [order.map((/** @type {number} */ axis) => steps[axis])], (place) => (result[index++] = data[place]));
    return { shape: turned, data: result };
  },
  Slice: (_, tensor, starts, ends, axes, steps) => {
    let result = tensor;
    [...starts.data].forEach((start, index) => {
      const axis = fromEnd(axes?.data[index] ?? index, tensor.shape);
      const [length, step] = [tensor.shape[axis], steps?.data[index] ?? 1];
      if (step < 1) throw new Error("Slice: a step below 1");
      const inside = (/** @type {number} */ place) => Math.min(Math.max(place < 0 ? place + length : place, 0), length);
      const wanted = [];
      for (let place = inside(start); place < inside(ends.data[index]); place += step) wanted.push(place);
      result = take(result, axis, wanted);
    });
    return result;
  },
  Gather: ({ axis = 0 }, tensor, { shape, data }) => {
    const at = fromEnd(axis, tensor.shape);
    return reshape(take(tensor, at, [...data]), [...tensor.shape.slice(0, at), ...shape, ...tensor.shape.slice(at + 1)]);
  },
  Shape: (_, { shape }) => ({ shape: [shape.length], data: [...shape] }),
  ConstantOfShape: ({ value = 0 }, { data }) => ({ shape: [...data], data: new Array(sizeOf([...data])).fill(value) }),
  Expand: (_, tensor, { data }) => together((value) => value)(tensor, { shape: [...data], data: new Array(sizeOf([...data])).fill(0) }),
  NonZero: (_, { shape, data }) => {
    const places = [...data].flatMap((value, index) => (value ? [index] : []));
    const rows = shape.map((length, axis) => places.map((place) => Math.floor(place / sizeOf(shape.slice(axis + 1))) % length));
    return { shape: [shape.length, places.length], data: rows.flat() };
  },
  ScatterElements: ({ axis = 0 }, tensor, { shape, data }, updates) => {
    const result = tensor.data.slice();
    const steps = stepsOf(tensor.shape, tensor.shape.length);
    const at = fromEnd(axis, tensor.shape);
    const others = steps.map((step, index) => (index === at ? 0 : step));
    let index = 0;
    visit(shape, [others], (place) => {
      const row = data[index] < 0 ? data[index] + tensor.shape[at] : data[index];
      result[place + row * steps[at]] = updates.data[index++];
    });
    return { shape: tensor.shape, data: result };
  },
};
