// A review: one doubtful cell after another, decided by single keys; each key is stored before the next one counts.

import { byId, create } from "../page/elements.js";
import { Refused, call } from "./calls.js";

/** @typedef {{id: number, page: string, field: string, read: string[], boxes: string[], doubts: number[], decimals: number, flag: string, alternatives: [string, number][], decided: boolean, picture: string}} Cell */
/** @typedef {{cells: number, doubtful: number, left: number, keystrokes: number, people: number, out: string}} Progress */

const POLL_MS = 5000; // between two looks whether others have left cells
const AHEAD = 4; // cells to ask for at once, so that the next one is here when this one is decided
const SHOWN = 12; // cells of the history that are shown

/** @type {string} who looks; kept for this tab, so that a reload goes on */
const person = sessionStorage.getItem("digits.person") ?? crypto.randomUUID();
sessionStorage.setItem("digits.person", person);

/** @type {Cell[]} */
const queue = [];
/** @type {{cell: Cell, isCorrected: boolean}[]} */
const history = [];
/** @type {number[]} cells left for later */
const skipped = [];
/** @type {Cell | undefined} */
let cell;
/** @type {Progress | undefined} */
let progress;
let shown = ""; // what was in its boxes when it came
let mark = 0;
/** Doubtful boxes of the cell that nobody has looked at. @type {Set<number>} */
let open = new Set();
let moved = false; // after a move of the mark, only Enter decides
/** @type {{key: string, decided: boolean} | null} a key that is not stored yet; no other one counts until it is */
let pending = null;

/** @param {Cell} next */
function show(next) {
  cell = { ...next, boxes: [...next.boxes] };
  shown = next.boxes.join();
  open = new Set(next.doubts);
  mark = next.doubts[0] ?? 0;
  moved = false;
  draw();
}

function draw() {
  byId("cell").hidden = !cell;
  byId("done").hidden = Boolean(cell) || !progress;
  if (progress) {
    const { doubtful, left, out } = progress;
    byId("progress").textContent = `${doubtful - left} of ${doubtful} decided`;
    byId("meter").style.width = `${(100 * (doubtful - left)) / Math.max(doubtful, 1)}%`;
    byId("written").textContent = left
      ? `${left} more are being looked at by others, or were left for later.`
      : `The checked answers are in ${out}.`;
  }
  const decided = history.slice(-SHOWN).reverse();
  byId("history").replaceChildren(
    ...decided.map(({ cell: each, isCorrected }) =>
      create("li", { class: isCorrected ? "corrected" : "accepted" }, `${each.field} ${write(each) || "empty"}`),
    ),
  );
  if (!cell) return;
  byId("where").textContent = `${cell.field} · ${cell.page}`;
  const picture = byId("picture", HTMLImageElement);
  if (picture.src !== cell.picture) picture.src = cell.picture;
  byId("boxes").replaceChildren(...cell.boxes.flatMap((text, place) => drawBox(text, place)));
  byId("flag").textContent = cell.flag;
  byId("other").hidden = !offer();
  byId("number").textContent = cell.alternatives[0]?.[0] ?? "";
}

/** The most probable other number, box by box; nothing if it has more digits than there are in the boxes, or fewer. */
function offer() {
  const digits = [...(cell?.alternatives[0]?.[0] ?? "").replace(".", "")];
  const filled = cell?.boxes.filter(Boolean).length;
  return cell && digits.length && digits.length === filled
    ? cell.boxes.map((each) => (each ? (digits.shift() ?? "") : ""))
    : undefined;
}

/** @param {string} text @param {number} place */
function drawBox(text, place) {
  if (!cell) return [];
  const { read, boxes, decimals } = cell;
  const box = create("button", { type: "button", class: "box", tabindex: -1 }, text || "\u00a0");
  box.dataset.doubt = String(open.has(place));
  box.setAttribute("aria-current", String(place === mark));
  box.setAttribute("aria-label", `box ${place + 1}: ${text || "empty"}`);
  if (read[place] !== text) box.dataset.was = read[place] || "nothing";
  box.addEventListener("click", () => {
    mark = place;
    moved = true;
    draw();
  });
  const isPoint = decimals > 0 && place === boxes.length - decimals;
  return isPoint ? [create("span", { class: "point" }, "."), box] : [box];
}

/** @param {Cell} each */
function write({ boxes, decimals }) {
  const whole = boxes.slice(0, boxes.length - decimals).join("");
  const behind = boxes.slice(boxes.length - decimals).join("");
  return behind ? `${whole}.${behind}` : whole;
}

async function refill() {
  const query = new URLSearchParams({ person, count: String(AHEAD) });
  for (const id of skipped.slice(-200)) query.append("skip", String(id));
  const answer = await call(`/api/review/claims?${query}`, { method: "POST" });
  progress = answer.progress;
  const here = new Set([cell?.id, ...queue.map(({ id }) => id)]);
  queue.push(.../** @type {Cell[]} */ (answer.cells).filter(({ id }) => !here.has(id)));
}

/** Show the next cell, and ask for more while it is looked at. */
async function advance() {
  cell = undefined;
  if (!queue.length) await refill();
  const next = queue.shift();
  if (next) show(next);
  else draw();
  if (queue.length < 2 && progress && progress.left > queue.length + 1) await refill();
}

/** Store the pending key; then the next one counts. */
async function store() {
  if (!pending || !cell) return;
  const { key, decided } = pending;
  const query = new URLSearchParams({ person, key, boxes: cell.boxes.join(","), decided: String(decided) });
  progress = await call(`/api/review/cells/${cell.id}?${query}`, { method: "POST" });
  pending = null;
  if (!decided) return;
  history.push({ cell, isCorrected: cell.boxes.join() !== shown });
  await advance();
}

/** @param {string} key @param {boolean} decided */
async function press(key, decided) {
  pending = { key, decided };
  await attempt(store);
}

/** @type {(() => Promise<void>) | null} what failed and is tried again */
let failed = null;

/** @param {() => Promise<void>} action */
async function attempt(action) {
  const refusal = byId("refusal");
  try {
    await action();
    failed = null;
    refusal.hidden = true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    failed = action;
    refusal.textContent = `${error.message}${/[.!?]$/.test(error.message) ? "" : "."} Enter tries again; your key is kept on this page until then.`;
    refusal.hidden = false;
  }
  draw();
}

/** @param {string} text */
function fill(text) {
  if (!cell) return false;
  cell.boxes[mark] = text;
  open.delete(mark);
  const next = cell.doubts.find((place) => open.has(place));
  if (next !== undefined) mark = next;
  else if (moved) mark = Math.min(mark + 1, cell.boxes.length - 1);
  return next === undefined && !moved;
}

function goBack() {
  const last = history.pop();
  if (!last) return;
  if (cell) queue.unshift(cell);
  show(last.cell);
  moved = true; // whoever goes back looks at the whole number
  draw();
}

/** Keys that were pressed while another one was being stored, in order. @type {string[]} */
const waiting = [];
let busy = false;

/** @param {string} key */
async function take(key) {
  waiting.push(key);
  if (busy) return;
  busy = true;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await act(next);
  busy = false;
}

/** @param {string} key */
async function act(key) {
  if (failed) {
    if (key === "Enter") await attempt(failed);
    return;
  }
  if (key === "ArrowUp") goBack();
  if (!cell) return;
  if (/^[0-9?]$/.test(key)) await press(key, fill(key));
  else if (key === "Backspace" || key === "Delete") await press(key, fill(""));
  else if (key === "Enter") await press(key, true);
  else if (key === " ") {
    const other = offer();
    if (!other) return;
    cell.boxes = other;
    await press("Space", true);
  } else if (key === "ArrowLeft" || key === "ArrowRight") {
    mark = Math.min(Math.max(mark + (key === "ArrowLeft" ? -1 : 1), 0), cell.boxes.length - 1);
    moved = true;
    draw();
  } else if (key === "ArrowDown") {
    skipped.push(cell.id);
    await attempt(advance);
  }
}

// what others do not finish comes back after a while
setInterval(() => {
  if (!cell && progress?.left && !busy && !failed) void attempt(advance);
}, POLL_MS);

const KEYS = /^([0-9? ]|Enter|Backspace|Delete|Arrow(Up|Down|Left|Right))$/;
document.addEventListener("keydown", (event) => {
  if (!KEYS.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  take(event.key);
});

void attempt(async () => {
  const last = await call(`/api/review/last?person=${person}`);
  if (last.cell?.decided) history.push({ cell: last.cell, isCorrected: false });
  await advance();
});
