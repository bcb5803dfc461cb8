// The page: a drawing, a photograph or a blend of two digits as the source, and the views of the one in front.

/** @import { Model } from "./api.js" */
/** @typedef {Drawing | Photo | Blend} Source */

import { Answer } from "./answer.js";
import { getHealth, listModels } from "./api.js";
import { Blend } from "./blend.js";
import { addCopying } from "./clipboard.js";
import { Corrections } from "./corrections.js";
import { Drawing } from "./drawing.js";
import { byId, create } from "./elements.js";
import { Evidence } from "./evidence.js";
import { Inside } from "./inside.js";
import { Learning } from "./learn.js";
import { Photo } from "./photo.js";
import { shorten } from "./phrases.js";
import { Samples } from "./samples.js";

/** @type {Model[]} */
let models = [];
/** Names of the models that read: A, and B or "". */
const chosen = ["", ""];
const getNames = () => chosen.filter(Boolean);

const answer = new Answer((digit) => front.select(digit));
const inside = new Inside(() => {
  for (const source of [drawing, photo, blend]) source.update();
});
const evidence = new Evidence();
const learning = new Learning(useLearned, refuse);
const corrections = new Corrections(
  () => chosen[0],
  (count) => learning.offer(count),
  refuse,
);
const drawing = new Drawing(getNames, show, () => front === blend && turnTo("draw"));
const blend = new Blend(
  { getModels: getNames, getDrawn: () => drawing.explanation?.focus?.image ?? "", show, refuse },
  (isFront) => {
    if (isFront) front = blend;
    else if (front === blend) turnTo("draw");
  },
);
const photo = new Photo(getNames, show, () => turnTo("photograph"));
new Samples((pixels) => {
  turnTo("draw");
  drawing.sheet.place(pixels);
}, refuse);
/** @type {Source} */
let front = drawing;

/** Show the answer of a source, if it is in front. @param {Source} source @param {Error} [refused] */
function show(source, refused) {
  if (source !== front) return;
  refuse(refused);
  if (refused && source.explanation) return; // the last answer still holds
  if (source.explanation) {
    answer.show(source.explanation, source.asText);
    for (const view of [inside, evidence]) view.show(source.explanation);
  } else {
    for (const view of [answer, inside, evidence]) view.clear();
  }
  corrections.offer(source);
  learning.compare(source.explanation);
}

/** @param {Error} [refused] */
function refuse(refused) {
  const message = refused?.message ?? "";
  if (byId("refusal").textContent !== message) byId("refusal").textContent = message;
  byId("refusal").hidden = !message;
}

/** @param {string} mode */
function turnTo(mode) {
  byId(`mode-${mode}`, HTMLInputElement).checked = true;
  byId("draw").hidden = mode !== "draw";
  byId("photograph").hidden = mode !== "photograph";
  document.body.dataset.mode = mode;
  front = mode === "draw" ? drawing : photo;
  show(front);
}

/** Read with other models. @param {string} a @param {string} b name, or "" */
function choose(a, b) {
  chosen.splice(0, 2, a, b);
  const described = models.filter(({ name }) => chosen.includes(name)).sort((one) => (one.name === a ? -1 : 1));
  inside.choose(described);
  evidence.choose(described);
  document.body.classList.toggle("alone", !b);
  const names = models.map(({ name }) => name);
  fill(selectA, names, a);
  fill(selectB, [...names.filter((name) => name !== a), ""], b);
  for (const source of [drawing, photo, blend]) source.update();
}

/** @param {HTMLSelectElement} select @param {string[]} names @param {string} value */
function fill(select, names, value) {
  select.replaceChildren(...names.map((name) => create("option", { value: name }, shorten(name) || "none")));
  select.value = value;
  select.title = value; // which may be longer than its place
}

function describeModels() {
  const head = ["", "network", "parameters", "MNIST test accuracy"].map((title) => create("th", { scope: "col" }, title));
  const rows = models.map(({ name, network, parameters, test_accuracy: accuracy }) => {
    const values = [network, parameters.toLocaleString("en"), accuracy === null ? "–" : `${(100 * accuracy).toFixed(2)} %`];
    return create("tr", {}, create("th", { scope: "row" }, name), ...values.map((value) => create("td", {}, value)));
  });
  byId("models").replaceChildren(create("tr", {}, ...head), ...rows);
}

async function loadModels() {
  const listed = await listModels();
  models = listed.models;
  describeModels();
  return listed;
}

/** Read with a model that has learned a hand, beside what it was. @param {string} after @param {string} before */
async function useLearned(after, before) {
  await loadModels();
  choose(after, models.some(({ name }) => name === before) ? before : "");
}

async function start() {
  const listed = await loadModels();
  const others = models.filter(({ name }) => name !== listed.default);
  choose(listed.default, (others.find(({ layers }) => layers) ?? others[0])?.name ?? "");
  turnTo(byId("mode-draw", HTMLInputElement).checked ? "draw" : "photograph"); // a reloaded page may keep the mode
  await corrections.start();
  byId("version").textContent = `Version ${(await getHealth()).version}.`;
  document.body.dataset.ready = "yes";
}

const [selectA, selectB] = [byId("model-a", HTMLSelectElement), byId("model-b", HTMLSelectElement)];
// choosing B as A swaps them
selectA.addEventListener("change", () => choose(selectA.value, selectA.value === chosen[1] ? chosen[0] : chosen[1]));
selectB.addEventListener("change", () => choose(chosen[0], selectB.value));
for (const mode of ["draw", "photograph"]) byId(`mode-${mode}`).addEventListener("change", () => turnTo(mode));
addCopying(byId("copy"), () => front.explanation?.answers[0].reading.text ?? "");
start().catch(refuse);
