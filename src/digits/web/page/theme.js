// The theme, before anything is painted: the one that was chosen here, or the system's. A classic script, so that
// nobody in a dark room is blinded by a white page first.

(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem("digits.theme");
    } catch {
      return null; // storage may be switched off
    }
  }

  function apply() {
    root.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
    dispatchEvent(new Event("themechange"));
  }

  function toggle() {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("digits.theme", theme);
      apply();
    } catch {
      root.dataset.theme = theme;
      dispatchEvent(new Event("themechange"));
    }
  }

  apply();
  system.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => document.getElementById("theme").addEventListener("click", toggle));
})();
