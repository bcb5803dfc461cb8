// Learning a hand: a trained network learns the corrections, and the page shows it before and after.

/** @import { Explanation } from "./api.js" */
/** @import { Compared, ShownRun } from "./train_api.js" */

import { byId, create } from "./elements.js";
import { announce, percent } from "./phrases.js";
import { changeTraining, learnHand, listTrainings, showTraining } from "./train_api.js";

/** Milliseconds between two looks at the training. */
const PAUSE = 1000;

/** Corrections from which on a fifth is held out, as training does (`training/run/inputs.py`). */
const ENOUGH_TO_TEST = 50;

/** The parts of a comparison that are shown, with their titles. @type {["personal_held_out" | "personal_learned" | "validation", string][]} */
const PARTS = [
  ["personal_held_out", "Your digits that it never saw"],
  ["personal_learned", "Your digits that it learned"],
  ["validation", "Digits of other people (MNIST)"],
];

export class Learning {
  /** @type {ShownRun | null} The run that is shown. */
  #run = null;
  #isAsked = false;
  #start = byId("learn-start", HTMLButtonElement);
  #stop = byId("learn-stop", HTMLButtonElement);
  #from = byId("learn-from", HTMLSelectElement);
  #here = create("tr", {});

  /**
   * @param {(after: string, before: string) => Promise<void>} use called with the model that has learned, and what it was
   * @param {(error: Error) => void} refuse called with what went wrong
   */
  constructor(use, refuse) {
    this.use = use;
    this.refuse = refuse;
    this.#start.addEventListener("click", () => this.#learn().catch(refuse));
    this.#stop.addEventListener("click", () => this.#end().catch(refuse));
  }

  /** Offer to learn so many corrections. @param {number} count */
  offer(count) {
    byId("learn-measure").textContent =
      count < ENOUGH_TO_TEST
        ? `With ${ENOUGH_TO_TEST} digits, a fifth would be kept apart to test what it learned; there are ${count} so far.`
        : "A fifth of your digits is kept apart to test what it learned.";
    if (count && !this.#isAsked) this.#ask().catch(this.refuse);
  }

  /** Ask whether training works here, and whether a hand is being learned already. */
  async #ask() {
    this.#isAsked = true;
    const { missing, runs } = await listTrainings();
    const running = runs.find(({ state, initial_model: initial }) => state === "running" && initial);
    this.#start.disabled = Boolean(missing);
    if (missing) say(`Not here yet: ${missing}.`);
    if (running) await this.#follow(running.name);
  }

  async #learn() {
    this.#start.disabled = true;
    try {
      const { name } = await learnHand(this.#from.value);
      await this.#follow(name);
    } finally {
      this.#start.disabled = false;
    }
  }

  async #end() {
    this.#stop.disabled = true;
    if (this.#run) await changeTraining(this.#run.name, "pause");
  }

  /** Show a run until it ends. @param {string} name */
  async #follow(name) {
    this.#start.disabled = true;
    byId("learn-table").hidden = true;
    announce("The network begins to learn.");
    for (;;) {
      this.#run = await showTraining(name);
      this.#show(this.#run);
      if (this.#run.state !== "running") break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    this.#start.disabled = false;
    if (this.#run.state === "finished") await this.#keep(this.#run);
  }

  /** @param {ShownRun} run */
  #show({ state, live, error, name, data }) {
    const isRunning = state === "running";
    const progress = byId("learn-progress", HTMLProgressElement);
    byId("learn-now").hidden = !isRunning;
    if (!isRunning) this.#stop.disabled = false;
    if (live) progress.value = live.done / live.epochs;
    else progress.removeAttribute("value");
    if (state === "failed") say(`It could not learn: ${error}.`);
    else if (state === "paused") say(`Stopped: the page reads as before. “Train” can go on with ${name}.`);
    else if (!live) say("Starting: loading PyTorch, and drawing non-digits, which it shall go on rejecting.");
    else if (live.done < live.epochs) say(`Learning, ${live.network === "the network" ? "" : `${live.network}, `}${Math.round(100 * live.done / live.epochs)} % …`);
    else if (isRunning) say("Comparing it with what it was …");
    if (data === "synthetic") byId("learn-status").append(" MNIST is missing here, so synthetic digits keep it from forgetting.");
  }

  /** Read with a model that has learned, and show what has changed. @param {ShownRun} run */
  async #keep({ name, initial_model: initial, before, seconds }) {
    say("Loading it …");
    await changeTraining(name, "keep");
    const body = byId("learn-body");
    body.replaceChildren(...PARTS.flatMap(([part, title]) => createRow(title, before?.[part])), this.#here);
    this.#here.hidden = true;
    byId("learn-table").hidden = false;
    byId("learn-name").textContent = initial;
    await this.use(name, initial);
    const gained = before?.personal_held_out ?? before?.personal_learned;
    const sentence = gained ? describeGain(gained, Boolean(before?.personal_held_out)) : "";
    say(`It has learned in ${seconds.toFixed(0)} seconds. ${sentence} The page now reads with it, beside ${initial}; choose others above the bars. It stays in ${name}.`);
  }

  /** Show the digit at hand before and after, if both models read it. @param {Explanation | null} explanation */
  compare(explanation) {
    const models = explanation?.focus?.models ?? [];
    const [before, after] = [this.#run?.initial_model, this.#run?.name].map((name) => models.find(({ model }) => model === name));
    this.#here.hidden = !before || !after;
    if (!before || !after) return;
    const cells = [before, after].map(({ probabilities }) => {
      const highest = Math.max(...probabilities);
      return create("td", {}, `${probabilities.indexOf(highest)}, ${percent(highest)}\u00a0%`);
    });
    this.#here.replaceChildren(create("th", { scope: "row" }, "The digit above"), ...cells);
  }
}

/** @param {string} title @param {Compared} [part] */
function createRow(title, part) {
  if (!part) return [];
  const cells = [part.before, part.after].map((share) => create("td", {}, `${(100 * share).toFixed(1)}\u00a0%`));
  return [create("tr", {}, create("th", { scope: "row" }, title, " ", create("small", {}, part.n.toLocaleString("en"))), ...cells)];
}

/** @param {Compared} part @param {boolean} isHeldOut */
function describeGain({ n, before, after }, isHeldOut) {
  const [was, is] = [before, after].map((share) => Math.round(share * n));
  return `Of ${n} of your digits${isHeldOut ? " that it never saw" : ", which it learned from"}, ${is} are right; before, ${was} were.`;
}

/** @param {string} sentence */
function say(sentence) {
  if (byId("learn-status").textContent !== sentence) byId("learn-status").textContent = sentence;
}
