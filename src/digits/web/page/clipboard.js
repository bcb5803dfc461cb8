// Copying a text, with feedback.

import { announce } from "./phrases.js";

/**
 * Make a button copy a text.
 * @param {HTMLElement} button
 * @param {() => string} getText
 */
export function addCopying(button, getText) {
  let timer = 0;
  button.addEventListener("click", async () => {
    // without permission, or on a page over plain HTTP from another computer, copying fails
    const copied = await Promise.resolve(navigator.clipboard?.writeText(getText()) ?? Promise.reject()).then(() => true, () => false);
    announce(copied ? "Copied." : "Copying failed: select the text and copy it yourself.", 0);
    button.classList.toggle("copied", copied);
    button.dataset.feedback = copied ? "Copied" : "Not copied";
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.classList.remove("copied");
      delete button.dataset.feedback;
    }, 1800);
  });
}
