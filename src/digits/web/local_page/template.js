// The fields of a form: rectangles on its blank page, each with a name and a number of boxes; written with every change.

import { byId, create } from "../page/elements.js";
import { Refused, call } from "./calls.js";

/** @typedef {{name: string, digits: number | string, decimals?: number, page?: number, box: number[]}} Field */

const SMALLEST = 2; // millimetres of a rectangle's sides; a smaller one was a click

/** @type {Field[]} */
let fields = [];
let size = [210, 297];
let pages = 1;
let page = 1;
let current = -1;
let out = "";

const sheet = byId("sheet");

/** @param {Field} field how many boxes it has */
const boxesOf = (field) => Number(String(field.digits).split("-").at(-1)) || 1;

function draw() {
  byId("turn").hidden = pages < 2;
  byId("number").textContent = `Page ${page} of ${pages}`;
  for (const old of sheet.querySelectorAll(".field")) old.remove();
  fields.forEach((field, place) => {
    if ((field.page ?? 1) === page) sheet.append(drawField(field, place));
  });
  byId("progress").textContent = `${fields.length} ${fields.length === 1 ? "field" : "fields"} in ${out}`;
}

/** @param {Field} field @param {number} place */
function drawField(field, place) {
  const shown = create("div", { class: "field", "data-current": place === current }, create("span", {}, field.name));
  const [left, top, width, height] = field.box;
  setPlace(shown, left, top, width, height);
  for (let box = 0; box < boxesOf(field); box++) shown.append(create("i"));
  return shown;
}

/** @param {HTMLElement} element @param {number} left @param {number} top @param {number} width @param {number} height */
function setPlace(element, left, top, width, height) {
  element.style.left = `${(100 * left) / size[0]}%`;
  element.style.top = `${(100 * top) / size[1]}%`;
  element.style.width = `${(100 * width) / size[0]}%`;
  element.style.height = `${(100 * height) / size[1]}%`;
}

function list() {
  byId("fields").replaceChildren(...fields.map(listField));
}

/** @param {Field} field @param {number} place */
function listField(field, place) {
  const entry = create("div", { class: "entry", "data-current": place === current });
  /** @param {string} label @param {string} type @param {string} value @param {(text: string) => void} take */
  const ask = (label, type, value, take) => {
    const input = create("input", { type, value, ...(type === "number" ? { step: "any", min: 0 } : {}) });
    input.addEventListener("change", () => {
      take(input.value);
      void change();
    });
    input.addEventListener("focus", () => choose(place));
    entry.append(create("label", {}, label, input));
  };
  ask("Name", "text", field.name, (text) => (field.name = text.trim()));
  ask("Boxes", "text", String(field.digits), (text) => (field.digits = /^\d+$/.test(text) ? Number(text) : text));
  ask("Decimals", "number", String(field.decimals ?? 0), (text) => (field.decimals = Number(text)));
  ["Left", "Top", "Width", "Height"].forEach((label, side) =>
    ask(`${label}, mm`, "number", String(field.box[side]), (text) => (field.box[side] = Number(text))),
  );
  const remove = create("button", { type: "button", class: "quiet" }, "Remove");
  remove.addEventListener("click", () => {
    fields.splice(place, 1);
    current = -1;
    list();
    void change();
  });
  entry.append(remove);
  return entry;
}

/** @param {number} place */
function choose(place) {
  current = place;
  const chosen = fields[place]?.page ?? 1;
  byId("fields").childNodes.forEach((each, row) => {
    if (each instanceof HTMLElement) each.dataset.current = String(row === place);
  });
  if (chosen !== page) void turn(chosen);
  else draw();
}

/** @param {number[]} box */
function add(box) {
  const taken = new Set(fields.map(({ name }) => name));
  let number = fields.length + 1;
  while (taken.has(`field ${number}`)) number++;
  // boxes are about as wide as they are high
  const digits = Math.min(Math.max(Math.round(box[2] / box[3]), 1), 30);
  fields.push({ name: `field ${number}`, digits, page, box });
  current = fields.length - 1;
  list();
  byId("fields").lastElementChild?.querySelector("input")?.select();
  void change();
}

/** Write the template, or say why it is not written. */
async function change() {
  draw();
  const refusal = byId("refusal");
  try {
    await call("/api/template", { method: "PUT", body: JSON.stringify(fields) });
    refusal.hidden = true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refusal.textContent = `${error.message}${/[.!?]$/.test(error.message) ? "" : "."} The last change is not written.`;
    refusal.hidden = false;
  }
}

/** @param {number} next */
async function turn(next) {
  page = Math.min(Math.max(next, 1), pages);
  byId("picture", HTMLImageElement).src = (await call(`/api/template/pages/${page}`)).picture;
  draw();
}

/** @param {PointerEvent} event where it is on the paper, in millimetres, to a tenth */
function locate(event) {
  const { left, top, width, height } = sheet.getBoundingClientRect();
  const x = Math.min(Math.max((event.clientX - left) / width, 0), 1) * size[0];
  const y = Math.min(Math.max((event.clientY - top) / height, 0), 1) * size[1];
  return [Math.round(10 * x) / 10, Math.round(10 * y) / 10];
}

sheet.addEventListener("pointerdown", (down) => {
  if (down.button !== 0) return;
  sheet.setPointerCapture(down.pointerId);
  const start = locate(down);
  const shown = create("div", { class: "field", "data-current": true });
  sheet.append(shown);
  let box = [0, 0, 0, 0];
  const move = (/** @type {PointerEvent} */ event) => {
    const end = locate(event);
    const [left, top] = [0, 1].map((side) => Math.min(start[side], end[side]));
    const [width, height] = [0, 1].map((side) => Math.round(10 * Math.abs(end[side] - start[side])) / 10);
    box = [left, top, width, height];
    setPlace(shown, left, top, width, height);
  };
  const stop = () => {
    sheet.removeEventListener("pointermove", move);
    shown.remove();
    if (box[2] >= SMALLEST && box[3] >= SMALLEST) add(box);
  };
  sheet.addEventListener("pointermove", move);
  sheet.addEventListener("pointerup", stop, { once: true });
});

byId("add").addEventListener("click", () => add([20, 20, 40, 10]));
byId("before").addEventListener("click", () => void turn(page - 1));
byId("after").addEventListener("click", () => void turn(page + 1));

void (async () => {
  const answer = await call("/api/template");
  ({ size, pages, fields, out } = answer);
  list();
  await turn(1);
})();
