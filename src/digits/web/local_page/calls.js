// Calls of the program that serves this page.

import { authorization } from "../page/token.js";

/** A request that was refused or not answered; its message is a sentence. */
export class Refused extends Error {
  /** @param {string} message @param {boolean} mayHelp whether trying again may help */
  constructor(message, mayHelp) {
    super(message);
    this.mayHelp = mayHelp;
  }
}

/**
 * @param {string} path
 * @param {{method?: string, body?: string}} [options]
 */
export async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: authorization }).catch(() => {
    throw new Refused("The program does not answer. Is it still running in its terminal?", true);
  });
  if (response.ok) return response.json();
  const answer = await response.json().catch(() => null);
  const message = answer?.error ?? `the program answers with status ${response.status}`;
  throw new Refused(message, response.status >= 500);
}
