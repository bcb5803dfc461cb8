// The calls of the service; web/schemas.py describes what they answer.

/** @typedef {[left: number, top: number, width: number, height: number]} Box */
/** @typedef {{value: number, confidence: number, box: Box, accepted: boolean, alternatives: [number, number][], doubts: string[]}} Digit */
/** @typedef {{text: string, lines: string[], notice: string, digits: Digit[]}} Reading */
/** @typedef {{model: string, reading: Reading, probabilities: number[][], images: string[]}} Answer */
/** @typedef {{answer: number, pixels: number[], exact: boolean}} Evidence */
/** @typedef {{model: string, probabilities: number[], layers: number[][] | null, maps: Stage[] | null, evidence: Evidence | null}} ModelExplanation */
/** @typedef {{seen: string, ink: string, digit: string}} Steps */
/** @typedef {{digit: number, image: string, models: ModelExplanation[], steps: Steps | null}} Focus */
/** @typedef {{size: [number, number], pages: number, rotation: number, answers: Answer[], focus: Focus | null, preview?: string}} Explanation */
/** @typedef {{name: string, network: string, parameters: number, test_accuracy: number | null, layers: number[] | null, has_maps: boolean}} Model */
/** @typedef {[unit: number, added: number][]} Paths */
/** @typedef {{value: number, weights: number[] | null, inputs: Paths, outputs: Paths}} Unit */
/** @typedef {{image: string, label: number}} LabelledDigit */
/** @typedef {{source: string, count: number, digits: LabelledDigit[]}} ExcitingDigits */
/** @typedef {{channels: number, height: number, width: number, values: string}} Stage */
/** @typedef {{id: string, label: number, image?: string}} Correction */
/** @typedef {{folder: string, count: number, per_class: number[], digits: Correction[]}} StoredCorrections */

import { listOff } from "./off.js";
import { capitalize } from "./phrases.js";
import { authorization } from "./token.js";

/** Bytes of a picture, at most. */
export const MAX_BYTES = 32 * 2 ** 20;

/** A request without an answer; its message is a sentence for people. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {number} status of HTTP; 0 when the server did not answer
   * @param {number} [pages] of the file; others may be readable
   */
  constructor(message, status, pages = 1) {
    super(/[.!?]$/.test(message) ? message : `${message}.`);
    this.status = status;
    this.pages = pages;
  }
}

/** How a picture is read: as upright or not, only a part, turned before. @typedef {{upright: boolean, area?: string | null, turn?: number, printed?: boolean}} How */
/** @typedef {{method?: string, headers?: Record<string, string>, body?: Blob | FormData, name?: string}} Options */

/** @param {string} path @param {Options} [options] with the `name` of the file that is sent */
async function send(path, { name = "", ...options } = {}) {
  const headers = { ...authorization, ...options.headers };
  const response = await fetch(path, { ...options, headers }).catch(() => {
    throw new Refused("The server does not answer. Is digits serve still running? Your picture is still here.", 0);
  });
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  const message = answer?.error ?? `the server answers with status ${response.status}`;
  const isNamed = name && message.startsWith(name); // names stay as they are written
  throw new Refused(isNamed ? message : capitalize(message), response.status, answer?.pages);
}

/** @param {string} path @param {Options} [options] */
const call = async (path, options) => (await send(path, options)).json();

/** @param {Blob} picture @returns {Options} */
function upload(picture) {
  if (!(picture instanceof File)) return { method: "POST", headers: { "Content-Type": picture.type }, body: picture };
  const body = new FormData(); // with its name, which the server says if it cannot be read
  body.set("file", picture);
  return { method: "POST", body, name: picture.name };
}

/** @returns {Promise<{version: string}>} */
export const getHealth = () => call("api/health");

/** @returns {Promise<{default: string, models: Model[]}>} */
export const listModels = () => call("api/models");

/**
 * Read a picture, or a page of a file, with several models and explain one of its digits.
 * @param {Blob} picture
 * @param {{models: string[], page: number, focus: number, evidence: boolean, preview?: boolean} & How} options
 * @returns {Promise<Explanation>}
 */
export function explain(picture, { models, ...options }) {
  const query = new URLSearchParams(models.map((name) => ["model", name]));
  for (const [name, value] of Object.entries(options)) if (value !== null) query.set(name, String(value));
  query.set("printed", String(options.printed ?? options.upright)); // a drawing is upright, and nothing on it is print
  for (const unit of listOff(models)) query.append("off", unit);
  return call(`api/explain?${query}`, upload(picture));
}

/** @param {Uint8Array<ArrayBuffer>} pixels of a digit @returns {Options} */
const sendDigit = (pixels) => ({ method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: new Blob([pixels]) });

/**
 * Explain what models make of a digit's pixels as they are.
 * @param {Uint8Array<ArrayBuffer>} pixels
 * @param {{models: string[], evidence: boolean}} options
 * @returns {Promise<Explanation>}
 */
export function explainPixels(pixels, { models, evidence }) {
  const query = new URLSearchParams(models.map((name) => ["model", name]));
  query.set("evidence", String(evidence));
  for (const unit of listOff(models)) query.append("off", unit);
  return call(`api/explain/digit?${query}`, sendDigit(pixels));
}

/**
 * Describe a unit while its network reads a digit.
 * @param {Uint8Array<ArrayBuffer>} pixels
 * @param {{model: string, layer: number, unit: number}} place
 * @returns {Promise<Unit>}
 */
export function describeUnit(pixels, { model, layer, unit }) {
  const query = new URLSearchParams({ model, layer: String(layer), unit: String(unit) });
  for (const each of listOff([model])) query.append("off", each);
  return call(`api/unit?${query}`, sendDigit(pixels));
}

/** The digits that excite a unit most. @param {{model: string, layer: number, unit: number}} place @returns {Promise<ExcitingDigits>} */
export function findExciting({ model, layer, unit }) {
  return call(`api/unit/digits?${new URLSearchParams({ model, layer: String(layer), unit: String(unit) })}`);
}

/** Digits to try. @returns {Promise<{source: string, ordinary: LabelledDigit[], mistakes: LabelledDigit[]}>} */
export const listSamples = () => call("api/samples");

/** All corrections, so many of the newest with their pixels. @param {number} images @returns {Promise<StoredCorrections>} */
export const listCorrections = (images) => call(`api/corrections?images=${images}`);

/** All corrections in one file. @param {"csv" | "zip"} suffix @returns {Promise<Blob>} */
export const exportCorrections = async (suffix) => (await send(`api/corrections.${suffix}`)).blob();

/** @param {string} id @returns {Promise<StoredCorrections>} */
export const deleteCorrection = (id) => call(`api/corrections/${id}`, { method: "DELETE" });

/** Restore the correction that was deleted last. @param {string} id @returns {Promise<StoredCorrections>} */
export const restoreCorrection = (id) => call(`api/corrections/${id}`, { method: "POST" });

/** @returns {Promise<StoredCorrections>} */
export const deleteCorrections = () => call("api/corrections", { method: "DELETE" });

/**
 * Store one digit of a picture with its correct label; called only after the person agreed.
 * @param {Blob} picture
 * @param {{label: number, digit: number, model: string, page: number} & How} correction
 * @returns {Promise<{correction: {id: string}}>}
 */
export function addCorrection(picture, correction) {
  const query = new URLSearchParams({ consent: "true" });
  for (const [name, value] of Object.entries(correction)) if (value !== null) query.set(name, String(value));
  query.set("printed", String(correction.printed ?? correction.upright));
  return call(`api/corrections?${query}`, upload(picture));
}

/**
 * Limit an action to one run at a time; of the calls meanwhile, only the newest runs next.
 * @template Argument
 * @param {(argument: Argument) => Promise<void>} action
 */
export function runNewest(action) {
  let busy = false;
  /** @type {Argument | null} */
  let waiting = null;
  return async (/** @type {Argument} */ argument) => {
    waiting = argument;
    if (busy) return;
    busy = true;
    try {
      while (waiting !== null) {
        const next = waiting;
        waiting = null;
        await action(next);
      }
    } finally {
      busy = false;
    }
  };
}
