// Photographs: dropped, pasted, chosen or taken; sent as they are, shown upright, with a box on every digit.

import { MOST, Refused, look } from "./api.js";
import { byId, element, setBusy } from "./elements.js";
import { announce, showTime, spoken, told } from "./words.js";

export class Photograph {
  /** What the service last said of the picture; null while there is none. */
  look = null;
  asText = true;
  upright = false;
  #file = null;
  #models;
  #shown;
  #turn = 0;

  /**
   * @param {() => string[]} models who reads
   * @param {(source: Photograph, refused?: Error) => void} shown told that there is something new to show
   * @param {() => void} arrived told that a picture came, from wherever
   */
  constructor(models, shown, arrived) {
    this.#models = models;
    this.#shown = shown;
    const take = (file) => {
      arrived();
      return this.take(file);
    };
    for (const id of ["file", "camera"]) {
      byId(id).addEventListener("change", ({ target }) => {
        if (target.files.length) take(target.files[0]);
        target.value = ""; // the same file may be chosen again
      });
    }
    catchDrops(take);
    addEventListener("paste", ({ clipboardData }) => {
      if (clipboardData?.files.length) take(clipboardData.files[0]);
    });
    byId("frame").addEventListener("keydown", step);
  }

  picture() {
    return Promise.resolve(this.#file);
  }

  async take(file) {
    const turn = ++this.#turn;
    this.look = null;
    this.#file = null;
    this.#boxes();
    if (!file) return this.#refuse("That was no file: drop a picture from a folder, or choose one");
    if (file.size > MOST) {
      const size = Math.ceil(file.size / 2 ** 20);
      return this.#refuse(`This file has ${size} MiB, and at most ${MOST / 2 ** 20} MiB are read: shrink the picture first`);
    }
    const image = byId("image");
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(file);
    this.#stage("reading");
    // what the browser cannot show, such as HEIC, the service shows it
    const visible = await image.decode().then(() => true, () => false);
    if (turn !== this.#turn) return;
    this.#file = file;
    byId("photo").hidden = !visible;
    await this.#ask(0, { preview: !visible });
    if (this.look) announce(spoken(this.look.answers[0].reading), 100);
    // better begin with a digit than with what is none
    const first = this.look?.answers[0].reading.digits.findIndex((digit) => digit.accepted);
    if (first > 0) await this.#ask(first);
  }

  /** Look into a digit: what is known of each is shown at once, what is inside when it comes. */
  async open(digit) {
    const [{ model, reading, probabilities, images }] = this.look.answers;
    const known = { model, probabilities: probabilities[digit], layers: null, evidence: null };
    const inside = { digit, image: images[digit], models: [known], steps: null };
    this.#show({ ...this.look, inside });
    announce(`Opened: ${told(reading.digits[digit])}`, 100);
    await this.#ask(digit);
  }

  again() {
    if (this.look) return this.#ask(this.look.inside?.digit ?? 0);
  }

  async #ask(focus, { preview = false } = {}) {
    const turn = ++this.#turn;
    const asked = performance.now();
    setBusy(true);
    try {
      const found = await look(this.#file, { models: this.#models(), upright: this.upright, focus, evidence: true, preview });
      if (turn !== this.#turn) return;
      if (found.preview) byId("image").src = found.preview;
      this.#show(found);
      showTime(byId("photo-took"), performance.now() - asked);
      setBusy(false);
    } catch (refused) {
      if (turn !== this.#turn) return;
      this.#refuse(refused.message, !this.look);
      setBusy(false);
    }
  }

  #show(look) {
    this.look = look;
    byId("photo").hidden = false;
    this.#stage("read");
    this.#boxes();
    this.#shown(this);
  }

  #refuse(sentence, gone = true) {
    if (gone) {
      this.#file = null;
      this.#stage("empty");
    }
    this.#shown(this, new Refused(sentence.replace(/[^.!?]$/, "$&."), 422));
  }

  #stage(stage) {
    byId("photograph").dataset.stage = stage;
    byId("drop").hidden = stage !== "empty";
    for (const id of ["photo", "photo-tools"]) byId(id).hidden = stage === "empty";
    byId("photo-note").hidden = stage !== "read" || !this.look?.answers[0].reading.digits.length;
    if (stage === "reading") byId("photo-took").textContent = "reading …";
  }

  #boxes() {
    const frame = byId("frame");
    const { size = [1, 1], turned = 0, inside, answers } = this.look ?? {};
    const digits = answers?.[0].reading.digits ?? [];
    if (this.look) layOut(frame, byId("image"), size, turned);
    const old = [...frame.querySelectorAll("button")];
    const boxes = digits.map((digit, index) => old[index] ?? this.#box(index));
    for (const spare of old.slice(digits.length)) spare.remove();
    boxes.forEach((box, index) => {
      const digit = digits[index];
      place(box, placed(digit.box, turned, size), turned % 180 ? [size[1], size[0]] : size);
      box.replaceChildren(element("span", {}, digit.accepted ? `${digit.value}${digit.doubts.length ? "?" : ""}` : "–"));
      box.className = digit.accepted ? (digit.doubts.length ? "box doubted" : "box") : "box refused";
      box.title = [told(digit), ...digit.doubts].join("; ");
      box.setAttribute("aria-label", box.title);
      box.setAttribute("aria-pressed", index === inside?.digit);
      if (!box.isConnected) frame.append(box);
    });
  }

  #box(index) {
    const box = element("button", { type: "button" });
    box.addEventListener("click", () => this.open(index));
    return box;
  }
}

/** Take files that are dropped anywhere on the page. */
function catchDrops(take) {
  const held = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.toggle("dragging", held(event));
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    take(event.dataTransfer?.files[0]);
  });
}

/** Go from box to box with the arrow keys, in reading order. */
function step(event) {
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!way || !event.target.matches(".box")) return;
  const boxes = [...event.currentTarget.querySelectorAll(".box")];
  boxes[boxes.indexOf(event.target) + way]?.focus();
  event.preventDefault();
}

/** Show the picture as it was read, turned if it lay on its side. */
function layOut(frame, image, [width, height], turned) {
  const [across, down] = turned % 180 ? [height, width] : [width, height];
  frame.style.aspectRatio = `${across} / ${down}`;
  frame.style.setProperty("--ratio", across / down);
  image.style.width = `${(100 * width) / across}%`;
  image.style.height = `${(100 * height) / down}%`;
  image.style.transform = `translate(-50%, -50%) rotate(${-turned}deg)`;
}

/** Where a box of the picture as it was given lies in the picture as it was turned, counter-clockwise. */
export function placed([left, top, width, height], turned, [across, down]) {
  if (turned === 90) return [top, across - left - width, height, width];
  if (turned === 180) return [across - left - width, down - top - height, width, height];
  if (turned === 270) return [down - top - height, left, height, width];
  return [left, top, width, height];
}

function place(box, [left, top, width, height], [across, down]) {
  box.style.left = `${(100 * left) / across}%`;
  box.style.top = `${(100 * top) / down}%`;
  box.style.width = `${(100 * width) / across}%`;
  box.style.height = `${(100 * height) / down}%`;
  // its answer is written as high as the digit itself, within reason: `cqw` are hundredths of the frame's width
  box.style.setProperty("--high", `${(100 * height) / across}cqw`);
}
