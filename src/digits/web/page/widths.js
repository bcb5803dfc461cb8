// How wide each stroke is sent: small writing with a thick pen would be blots, so that each digit gets the width its size
// asks for. What the sheet shows stays as it was drawn.

/** @import { Point } from "./strokes.js" */

/** Width of a stroke relative to the height of its digit, at most; at a tenth to a quarter, small digits are read alike. */
const MAX_RATIO = 0.2;

/** The same relative to its width, for dashes. */
const MAX_WIDE_RATIO = 0.06;

/** Width that is kept, in pixels of the picture that is sent. */
const MIN_WIDTH = 2;

/** @typedef {{left: number, right: number, top: number, bottom: number, strokes: Point[][]}} Group strokes of one digit */

/** How much thinner each stroke has to be, by which its widths are multiplied. @param {Point[][]} strokes @returns {Map<Point[], number>} */
export function findFactors(strokes) {
  const groups = group(strokes);
  const factors = new Map();
  for (const each of groups) {
    // a dot has the size of the digits beside it
    const beside = groups.filter(({ top, bottom }) => top <= each.bottom && bottom >= each.top);
    const most = Math.max(limitOf(each), ...beside.map((other) => limitOf(other) / 2));
    const widest = Math.max(...each.strokes.flat().map(({ width }) => width));
    const factor = most > 0 ? Math.min(1, Math.max(most, MIN_WIDTH) / widest) : 1;
    for (const stroke of each.strokes) factors.set(stroke, factor);
  }
  return factors;
}

/** Width that the strokes of a group may have. @param {Group} group */
const limitOf = ({ left, right, top, bottom }) => Math.max(MAX_RATIO * (bottom - top), MAX_WIDE_RATIO * (right - left));

/** Group strokes that lie above each other, as those of one digit do. @param {Point[][]} strokes */
function group(strokes) {
  /** @type {Group[]} */
  let groups = [];
  for (const stroke of strokes) {
    const [across, down] = [stroke.map(({ x }) => x), stroke.map(({ y }) => y)];
    const pen = stroke[0].width / 2;
    /** @type {Group} */
    let joined = { left: Math.min(...across), right: Math.max(...across), top: Math.min(...down), bottom: Math.max(...down), strokes: [stroke] };
    const isNear = (/** @type {Group} */ { left, right, top, bottom }) =>
      left <= joined.right && right >= joined.left && top - pen <= joined.bottom && bottom + pen >= joined.top;
    for (const near of groups.filter(isNear)) {
      joined = {
        left: Math.min(joined.left, near.left),
        right: Math.max(joined.right, near.right),
        top: Math.min(joined.top, near.top),
        bottom: Math.max(joined.bottom, near.bottom),
        strokes: [...near.strokes, ...joined.strokes],
      };
      groups = groups.filter((each) => each !== near);
    }
    groups.push(joined);
  }
  return groups;
}
