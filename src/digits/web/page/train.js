// Training on the page: settings, and two runs that are shown while they learn.

/** @import { Offer, RunState, ShownRun } from "./train_api.js" */

import { byId, create } from "./elements.js";
import { announce, withArticle } from "./phrases.js";
import { changeTraining, listTrainings, showTraining, startTraining } from "./train_api.js";
import { paintConfusion, paintCurves, paintFirstLayer, paintMap } from "./train_views.js";

/** Milliseconds between two looks at a run. */
const PAUSE = 1000;

/** Learning rates that textbooks begin with; that of a recipe's own optimizer is the recipe's. @type {Record<string, number>} */
const RATES = { muon: 0.03, adam: 0.001, adamw: 0.001, sgd: 0.05 };

/** @type {Offer} */
let offer;
/** Names of the runs that were listed. @type {Set<string>} */
const seen = new Set();

/** @param {Error} [refused] */
function refuse(refused) {
  byId("refusal").textContent = refused?.message ?? "";
  byId("refusal").hidden = !refused;
}

class RunView {
  /** @type {ShownRun | null} */
  run = null;
  #select = create("select", { "aria-label": "Run" });
  #change = create("button", { type: "button" });
  #keep = create("button", { type: "button" }, "Keep as a model");
  #state = create("p", { class: "state" });
  #curves = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  #canvases = ["Weights of the first layer", "Confusion matrix", "Map of validation digits"].map((title, index) => {
    const canvas = create("canvas", { role: "img", "aria-label": `${title}: nothing yet`, class: index ? "smooth" : "" });
    return { title, canvas, figure: create("figure", {}, canvas, create("figcaption", {}, create("b", {}, title))) };
  });
  #body = create("div", {});
  #listed = "";

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#curves.setAttribute("viewBox", "0 0 100 100");
    this.#curves.setAttribute("preserveAspectRatio", "none");
    this.#curves.setAttribute("class", "curves");
    this.#curves.setAttribute("role", "img");
    const legend = create("p", { class: "legend-line" }, create("span", {}, "— accuracy, 0 to 100 %"), create("span", {}, "- - loss, 0 to that of guessing"));
    this.#body.append(this.#state, this.#curves, legend, create("div", { class: "views" }, ...this.#canvases.map(({ figure }) => figure)));
    place.append(create("div", { class: "choice" }, this.#select, this.#change, this.#keep), this.#body);
    this.#select.addEventListener("change", () => this.choose(this.#select.value));
    this.#change.addEventListener("click", () => this.#act(this.run?.state === "running" ? "pause" : "go-on"));
    this.#keep.addEventListener("click", () => this.#act("keep"));
    this.#show();
  }

  get name() {
    return this.#select.value;
  }

  /** @param {RunState[]} runs */
  list(runs) {
    const listed = JSON.stringify(runs.map(({ name, state }) => [name, state]));
    if (listed === this.#listed) return; // or an open list would close
    this.#listed = listed;
    const chosen = this.#select.value;
    const options = [create("option", { value: "" }, "choose a run"), ...runs.map(({ name, state }) => create("option", { value: name }, `${name} (${state})`))];
    this.#select.replaceChildren(...options);
    this.#select.value = runs.some(({ name }) => name === chosen) ? chosen : "";
  }

  /** @param {string} name */
  async choose(name) {
    this.#select.value = name;
    this.run = name ? await showTraining(name).catch((refused) => (refuse(refused), null)) : null;
    this.#show();
  }

  /** @param {"pause" | "go-on" | "keep"} what */
  async #act(what) {
    const button = what === "keep" ? this.#keep : this.#change;
    button.disabled = true;
    try {
      refuse();
      await changeTraining(this.name, what);
      if (what === "keep") {
        this.#state.append(create("br"), "The page now reads with it: ", create("a", { href: "./" }, "draw for it"), ".");
        announce("Kept: the page now reads with it.");
      } else await refresh();
    } catch (refused) {
      refuse(/** @type {Error} */ (refused));
    }
    button.disabled = false;
  }

  #show() {
    const { run } = this;
    this.#body.hidden = !run;
    this.#change.hidden = !run || !["running", "paused"].includes(run.state);
    this.#change.textContent = run?.state === "running" ? "Pause" : "Go on";
    this.#keep.hidden = !run || run.state === "running" || run.state === "failed";
    if (!run) return;
    this.#state.replaceChildren(...describe(run));
    const { live } = run;
    paintCurves(this.#curves, live?.frames ?? []);
    const last = live?.frames.at(-1);
    this.#curves.setAttribute("aria-label", last ? `Accuracy ${percent(last.accuracy)}, loss ${last.loss.toFixed(3)}` : "No curves yet");
    if (!live || !last) return;
    const [weights, confusion, map] = this.#canvases;
    if (live.weights) paintFirstLayer(weights.canvas, live.weights);
    paintConfusion(confusion.canvas, live.confusion);
    if (live.map) paintMap(map.canvas, live.map);
    weights.figure.hidden = !live.weights;
    map.figure.hidden = !live.map;
    for (const { canvas, title } of this.#canvases) canvas.setAttribute("aria-label", `${title} after ${live.done.toFixed(1)} epochs`);
    confusion.canvas.setAttribute("aria-label", `Confusion matrix: ${describeErrors(live.confusion)}`);
  }
}

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(2)} %`;

/** @param {ShownRun} run @returns {(Node | string)[]} */
function describe({ state, error, data, config, validation, live }) {
  const words = { running: live ? "Learning" : "Starting: loading PyTorch and the digits", paused: "Paused", finished: "Finished", failed: "Failed" };
  const facts = [];
  const last = live?.frames.at(-1);
  if (live && last) facts.push(`epoch ${live.done.toFixed(1)} of ${live.epochs}`, `${last.seconds.toFixed(0)} s`, `${percent(last.accuracy)} of ${live.confusion.flat().reduce((sum, count) => sum + count).toLocaleString("en")} validation digits right`);
  if (validation) facts.push(`${percent(validation)} of all validation digits`);
  if (config) facts.push(`${config.model.network}, ${config.optimization.optimizer}`);
  if (data === "synthetic") facts.push("learns from synthetic digits, since MNIST is missing");
  return [create("strong", {}, `${words[state]}.`), ` ${error || facts.join(" · ")}`];
}

/** @param {number[][]} confusion */
function describeErrors(confusion) {
  const errors = confusion.flatMap((row, label) => row.map((count, answer) => ({ count, label, answer }))).filter(({ label, answer }) => label !== answer);
  const total = errors.reduce((sum, { count }) => sum + count, 0);
  const [worst] = errors.sort((a, b) => b.count - a.count);
  if (total === 1) return `1 error, ${withArticle(worst.label)} taken for ${withArticle(worst.answer)}`;
  return total ? `${total} errors, most often ${withArticle(worst.label)} taken for ${withArticle(worst.answer)}` : "no errors";
}

const views = [...document.querySelectorAll(".run")].map((place) => new RunView(/** @type {HTMLElement} */ (place)));

/** Look at the runs again. */
async function refresh() {
  offer = await listTrainings();
  for (const view of views) view.list(offer.runs);
  // a run that has begun, here or on the command line, is shown; the one before goes to the side, to compare both
  const begun = offer.runs.find(({ name, state }) => state === "running" && !seen.has(name));
  for (const { name } of offer.runs) seen.add(name);
  if (begun) {
    const before = views[0].name;
    await views[0].choose(begun.name);
    if (before) await views[1].choose(before);
  }
  const isRunning = offer.runs.some(({ state }) => state === "running");
  byId("start", HTMLButtonElement).disabled = isRunning || Boolean(offer.missing);
  for (const view of views) if (view.name && (isRunning || view.run?.state === "running" || !view.run)) await view.choose(view.name);
}

function chooseRecipe() {
  const recipe = offer.recipes.find(({ name }) => name === byId("recipe", HTMLSelectElement).value);
  if (!recipe) return;
  byId("layers-field").hidden = recipe.network !== "mlp";
  byId("layers", HTMLInputElement).value = recipe.hidden_sizes.join(", ");
  byId("optimizer", HTMLSelectElement).value = recipe.optimizer;
  byId("rate", HTMLInputElement).value = String(recipe.learning_rate);
  byId("augmented", HTMLInputElement).checked = recipe.is_augmented;
}

function readSettings() {
  const recipe = offer.recipes.find(({ name }) => name === byId("recipe", HTMLSelectElement).value);
  /** @type {Record<string, string | string[]>} */
  const settings = {
    recipe: recipe?.name ?? "",
    seconds: byId("seconds", HTMLInputElement).value,
    optimizer: byId("optimizer", HTMLSelectElement).value,
    learning_rate: byId("rate", HTMLInputElement).value,
    augmented: String(byId("augmented", HTMLInputElement).checked),
  };
  const layers = byId("layers", HTMLInputElement).value.match(/\d+/g);
  if (recipe?.network === "mlp" && layers) settings.hidden_sizes = layers;
  return settings;
}

byId("recipe").addEventListener("change", chooseRecipe);
byId("optimizer").addEventListener("change", () => {
  const recipe = offer.recipes.find(({ name }) => name === byId("recipe", HTMLSelectElement).value);
  const optimizer = byId("optimizer", HTMLSelectElement).value;
  byId("rate", HTMLInputElement).value = String(optimizer === recipe?.optimizer ? recipe.learning_rate : RATES[optimizer]);
});
byId("settings").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("start", HTMLButtonElement).disabled = true;
  try {
    refuse();
    await startTraining(readSettings());
    announce("The training starts.");
    await refresh();
  } catch (refused) {
    refuse(/** @type {Error} */ (refused));
    byId("start", HTMLButtonElement).disabled = false;
  }
});

async function start() {
  offer = await listTrainings();
  byId("recipe").append(...offer.recipes.map(({ name }) => create("option", { value: name }, name)));
  byId("optimizer").append(...offer.optimizers.map((name) => create("option", { value: name }, name)));
  byId("place").textContent = `Runs are kept in ${offer.folder}.`;
  chooseRecipe();
  if (offer.missing) refuse(new Error(`${offer.missing[0].toUpperCase()}${offer.missing.slice(1)}.`));
  await refresh();
  if (!views[0].name && offer.runs.length) await views[0].choose(offer.runs[0].name);
  document.body.dataset.ready = "yes";
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (!document.hidden) await refresh().catch(refuse);
  }
}

start().catch(refuse);
