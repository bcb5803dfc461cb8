// Units that are switched off: every reading is requested without them.

/** Units, such as mlp:1:17. @type {Set<string>} */
const off = new Set();

/** @param {string} model @param {number} layer from 1 @param {number} unit from 0 */
const nameOf = (model, layer, unit) => `${model}:${layer}:${unit}`;

/** @param {string} model @param {number} layer @param {number} unit */
export const isOff = (model, layer, unit) => off.has(nameOf(model, layer, unit));

/** Switch a unit off, or on again. @param {string} model @param {number} layer @param {number} unit */
export function toggle(model, layer, unit) {
  const name = nameOf(model, layer, unit);
  if (!off.delete(name)) off.add(name);
}

export const switchAllOn = () => off.clear();

/** Units of these models that are off. @param {string[]} models */
export const listOff = (models) => [...off].filter((name) => models.includes(name.split(":").slice(0, -2).join(":")));
