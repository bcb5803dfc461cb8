// Copying a text, and saying that it was.

import { announce } from "./words.js";

/**
 * Make a button copy a text.
 * @param {HTMLButtonElement} button
 * @param {() => string} text
 */
export function addCopying(button, text) {
  let timer = 0;
  button.addEventListener("click", async () => {
    const copied = await copy(text());
    announce(copied ? "Copied." : "It could not be copied: select the text and copy it yourself.", 0);
    button.classList.toggle("copied", copied);
    button.dataset.told = copied ? "Copied" : "Not copied";
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.classList.remove("copied");
      delete button.dataset.told;
    }, 1800);
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or a page that came over plain HTTP from another computer
  }
}
