// The theme: the one chosen here, or the system's. A classic script, which runs before the first paint, so that a dark
// room sees no white flash.

(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  /** @type {Storage | undefined} */
  let storage;
  try {
    storage = localStorage;
  } catch {
    // switched off: the choice lasts until the page is closed
  }
  let chosen = storage?.getItem("digits.theme");

  function apply() {
    root.dataset.theme = chosen ?? (system.matches ? "dark" : "light");
    dispatchEvent(new Event("themechange"));
  }

  function toggle() {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    apply();
    storage?.setItem("digits.theme", chosen);
  }

  apply();
  system.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => document.getElementById("theme")?.addEventListener("click", toggle));
})();
