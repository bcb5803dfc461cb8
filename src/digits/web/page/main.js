// The page: two sources of pictures, and everything that is shown of the one that is in front.

import { Answer } from "./answer.js";
import { health, listModels } from "./api.js";
import { addCopying } from "./copying.js";
import { Drawing } from "./draw.js";
import { byId, element } from "./elements.js";
import { Evidence } from "./evidence.js";
import { Inside } from "./inside.js";
import { Own } from "./own.js";
import { Photograph } from "./photo.js";

/** The models that answer, as the service describes them, and the names of those that are chosen: A, and B or "". */
let models = [];
const chosen = ["", ""];
const names = () => chosen.filter(Boolean);

const answer = new Answer((digit) => front.open(digit));
const inside = new Inside();
const evidence = new Evidence();
const own = new Own(() => chosen[0], refuse);
const drawing = new Drawing(names, show);
const photograph = new Photograph(names, show, () => turnTo("photograph"));
let front = drawing;

/** Show what a source has got, if it is in front. */
function show(source, refused) {
  if (source !== front) return;
  refuse(refused);
  if (refused && source.look) return; // what was answered before still holds
  const views = [inside, evidence];
  if (source.look) {
    answer.show(source.look, source.asText);
    for (const view of views) view.show(source.look);
  } else {
    answer.empty();
    for (const view of views) view.empty();
  }
  own.offer(source);
}

function refuse(refused) {
  const sentence = refused?.message ?? "";
  if (byId("refusal").textContent !== sentence) byId("refusal").textContent = sentence;
  byId("refusal").hidden = !sentence;
}

function turnTo(mode) {
  byId(`mode-${mode}`).checked = true;
  byId("draw").hidden = mode !== "draw";
  byId("photograph").hidden = mode !== "photograph";
  document.body.dataset.mode = mode;
  front = mode === "draw" ? drawing : photograph;
  show(front);
}

function choose() {
  const described = names().map((name) => models.find((model) => model.name === name));
  inside.choose(described);
  evidence.choose(described);
  document.body.classList.toggle("alone", !chosen[1]);
  fill(byId("model-a"), models.map(({ name }) => [name, name]), chosen[0]);
  const others = models.filter(({ name }) => name !== chosen[0]);
  fill(byId("model-b"), [...others.map(({ name }) => [name, name]), ["", "none"]], chosen[1]);
  for (const source of [drawing, photograph]) source.again();
}

function fill(select, options, value) {
  select.replaceChildren(...options.map(([each, words]) => element("option", { value: each }, words)));
  select.value = value;
}

function describe() {
  const head = ["", "network", "weights", "MNIST test accuracy"].map((words) => element("th", { scope: "col" }, words));
  const rows = models.map(({ name, network, parameters, test_accuracy: accuracy }) => {
    const told = [network, parameters.toLocaleString("en"), accuracy === null ? "–" : `${(100 * accuracy).toFixed(2)} %`];
    return element("tr", {}, element("th", { scope: "row" }, name), ...told.map((words) => element("td", {}, words)));
  });
  byId("models").replaceChildren(element("tr", {}, ...head), ...rows);
}

async function begin() {
  const listed = await listModels();
  models = listed.models;
  const others = models.filter(({ name }) => name !== listed.default);
  chosen[0] = listed.default;
  chosen[1] = (others.find(({ layers }) => layers) ?? others[0])?.name ?? "";
  describe();
  choose();
  turnTo(document.querySelector("[name=mode]:checked").value); // a page that is reloaded may keep it
  await own.begin();
  byId("version").textContent = `Version ${(await health()).version}.`;
  document.body.dataset.ready = "yes";
}

byId("model-a").addEventListener("change", ({ target }) => {
  // who chooses B as A swaps them
  if (target.value === chosen[1]) chosen[1] = chosen[0];
  chosen[0] = target.value;
  choose();
});
byId("model-b").addEventListener("change", ({ target }) => {
  chosen[1] = target.value;
  choose();
});
for (const radio of document.querySelectorAll("[name=mode]")) {
  radio.addEventListener("change", () => turnTo(radio.value));
}
addCopying(byId("copy"), () => front.look.answers[0].reading.text);
begin().catch(refuse);
