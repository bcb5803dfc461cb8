// What the service is asked, and what it answers or refuses.

/** A request that got no answer; its message is a sentence for people. */
export class Refused extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

const GONE = "The server does not answer. Is digits serve still running? What you made here is kept.";

/** Bytes of a picture that the service takes, at most. */
export const MOST = 32 * 2 ** 20;

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(GONE, 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(asSentence(answer?.error ?? `the server says ${response.status}`), response.status);
  return answer;
}

function asSentence(text) {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

function posted(picture) {
  // of what is named no picture the service shall say so itself, from the bytes
  const kind = picture.type.startsWith("image/") ? picture.type : "application/octet-stream";
  return { method: "POST", headers: { "Content-Type": kind }, body: picture };
}

export const health = () => call("api/health");
export const listModels = () => call("api/models");

/**
 * Read a picture with several models and open up one of its digits.
 * @param {Blob} picture
 * @param {{models: string[], upright: boolean, focus?: number, evidence?: boolean, preview?: boolean}} how
 */
export function look(picture, { models, upright, focus = -1, evidence = false, preview = false }) {
  const words = new URLSearchParams(models.map((name) => ["model", name]));
  words.set("upright", upright);
  words.set("focus", focus);
  words.set("evidence", evidence);
  if (preview) words.set("preview", true);
  return call(`api/look?${words}`, posted(picture));
}

export const own = () => call("api/own");
export const forget = (id) => call(`api/own/${id}`, { method: "DELETE" });
export const forgetAll = () => call("api/own", { method: "DELETE" });

/** Keep one digit of a picture with the label a person gives it; only ever called after they agreed. */
export function keep(picture, { label, digit, model, upright }) {
  const words = new URLSearchParams({ label, digit, model, upright, consent: true });
  return call(`api/own?${words}`, posted(picture));
}

/**
 * Ask one question at a time: of those that come meanwhile only the newest is asked, so that there is never a backlog.
 * @template Question
 * @param {(question: Question) => Promise<void>} ask
 * @returns {(question: Question) => Promise<void>}
 */
export function newestOnly(ask) {
  let busy = false;
  let waiting = null;
  return async function want(question) {
    waiting = question;
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const next = waiting;
        waiting = null;
        await ask(next);
      }
    } finally {
      busy = false;
    }
  };
}
