// The calls that train; web/training_calls.py describes what they answer.

/** @typedef {{epoch: number, train_loss: number, train_accuracy: number, validation_loss: number, validation_accuracy: number}} Epoch */
/** @typedef {{done: number, seconds: number, loss: number, accuracy: number}} Frame */
/** @typedef {{shape: number[], values: string}} Weights */
/** @typedef {{places: [number, number][], labels: number[]}} DigitMap */
/** @typedef {{n: number, before: number, after: number, newly_right: number, newly_wrong: number}} Compared */
/** @typedef {{validation: Compared, personal_held_out?: Compared, personal_learned?: Compared}} Comparison */
/** @typedef {{network: string, done: number, epochs: number, history: Epoch[], frames: Frame[], confusion: number[][], map: DigitMap | null, weights: Weights | null}} Live */
/** @typedef {{name: string, state: "running" | "paused" | "finished" | "failed", error: string, data: string, initial_model: string, config: {optimization: Record<string, any>, model: Record<string, any>} | null, validation: number | null, before: Comparison | null, seconds: number}} RunState */
/** @typedef {RunState & {live: Live | null}} ShownRun */
/** @typedef {{name: string, network: string, hidden_sizes: number[], optimizer: string, learning_rate: number, is_augmented: boolean}} Recipe */
/** @typedef {{missing: string, folder: string, recipes: Recipe[], optimizers: string[], runs: RunState[]}} Offer */

import { Refused } from "./api.js";
import { capitalize } from "./phrases.js";
import { authorization } from "./token.js";

/** @param {string} path @param {string} [method] @returns {Promise<any>} */
async function call(path, method = "GET") {
  const response = await fetch(`api/trainings${path}`, { method, headers: authorization }).catch(() => {
    throw new Refused("The server does not answer. Is digits serve still running?", 0);
  });
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new Refused(capitalize(answer?.error ?? `the server answers with status ${response.status}`), response.status);
}

/** @returns {Promise<Offer>} */
export const listTrainings = () => call("");

/** Let a shipped model learn the corrections. @param {string} model @returns {Promise<RunState>} */
export const learnHand = (model) => call(`/from/corrections?${new URLSearchParams({ model })}`, "POST");

/** @param {string} name @returns {Promise<ShownRun>} */
export const showTraining = (name) => call(`/${name}`);

/** @param {Record<string, string | string[]>} settings @returns {Promise<RunState>} */
export function startTraining(settings) {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(settings)) for (const value of [values].flat()) query.append(name, value);
  return call(`?${query}`, "POST");
}

/** @param {string} name @param {"pause" | "go-on" | "keep"} what */
export const changeTraining = (name, what) => call(`/${name}/${what}`, "POST");
