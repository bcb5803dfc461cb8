// Elements: found by their id, made with their attributes and children.

export const byId = (id) => document.getElementById(id);

/** Make an element; children may be elements or texts, and texts are never read as HTML. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
