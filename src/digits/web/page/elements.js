// Elements: found by their id, made with their attributes and children, told to be busy.

export const byId = (id) => document.getElementById(id);

/** Make an element; children may be elements or texts, and texts are never read as HTML. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Say whether the answer is still on its way: to those who listen, and to tests. */
export function setBusy(busy) {
  byId("answer").setAttribute("aria-busy", busy);
}
