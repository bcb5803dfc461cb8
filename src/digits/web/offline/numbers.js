// What Python wrote into this file: the network, and the constants of the preprocessing, so that each has one place.

/** @typedef {{inputs: string[], outputs: string[], operator: string, attributes: Record<string, number | number[] | string>}} Node */
/** @typedef {{shape: number[], values: string | number[]}} Constant floats of four bytes in base64, little-endian; or whole numbers */
/** @typedef {{name: string, version: string, network: string, recipe: string, parameters: number, accuracy: number | null, temperature: number, threshold: number, golden: {images: string, logits: string}}} About */
/** @typedef {{about: About, nodes: Node[], constants: Record<string, Constant>, layers: string[], input: string, output: string, numbers: Record<string, number>, weights: number[]}} Content */

/** @type {Content} */
export const content = JSON.parse(document.getElementById("content")?.textContent ?? "");

/** Constants of digits.preprocessing and digits.inference.single_digit, by their names there. */
export const { numbers } = content;

/** @param {string} base64 */
export const decodeBytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** Decode numbers of four bytes. @param {string} base64 */
export const decodeFloats = (base64) => new Float32Array(decodeBytes(base64).buffer);
