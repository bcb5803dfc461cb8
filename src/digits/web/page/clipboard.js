// Copying a text, with feedback.

import { announce } from "./phrases.js";

/** Make a button copy a text. @param {HTMLElement} button @param {() => string} getText */
export function addCopying(button, getText) {
  let timer = 0;
  button.addEventListener("click", async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(getText());
    } catch {
      copied = false; // no permission, or a page over plain HTTP from another computer
    }
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
