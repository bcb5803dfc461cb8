// The token, if the service requires one: it comes with the printed address, and is kept for this tab only.

const TOKEN = "digits.token";

/** @type {Storage | undefined} */
let storage;
try {
  storage = sessionStorage;
} catch {
  // switched off: a reloaded page needs the printed address again
}

const [, given] = location.hash.match(/^#token=([\w-]+)$/) ?? [];
if (given) {
  storage?.setItem(TOKEN, given);
  history.replaceState(null, "", location.pathname + location.search); // so that nobody copies it with the address
}

// opened in this tab again, the printed address changes only what follows the #
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) location.reload();
});

const token = given ?? storage?.getItem(TOKEN);

/** Headers that every call sends. @type {Record<string, string>} */
export const authorization = token ? { Authorization: `Bearer ${token}` } : {};
