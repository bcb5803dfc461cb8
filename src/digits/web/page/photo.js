// Photographs: dropped, pasted, chosen or taken; sent as they are, shown upright, with a box around every digit.

/** @import { Box, Explanation } from "./api.js" */

import { MAX_BYTES, Refused, explain } from "./api.js";
import { byId, create, setBusy } from "./elements.js";
import { Pages } from "./pages.js";
import { announce, describeDigit, describeReading, showTime } from "./phrases.js";
import { View, nest, turnBack } from "./view.js";

/** @import { Part } from "./view.js" */
/** What of a page is read: a part or all, turned by hand (degrees, counter-clockwise) or as the reader does. @typedef {{part: Part | null, turn: number | null}} Look */

/** @type {Look} */
const WHOLE = { part: null, turn: null };

export class Photo {
  /** @type {Explanation | null} The newest answer about the picture. */
  explanation = null;
  asText = true;
  isWritten = true;
  /** @type {Look} Which part of the page is read, and how it is turned. */
  #look = WHOLE;
  #view = new View((part) => this.#crop(part));
  #file = new Blob();
  /** The address of the file, for the browser to show it. */
  #address = "";
  #pages = new Pages(() => this.#turn());
  /** @type {Map<number, {explanation: Explanation, image: string, look: Look}>} The pages that were read. */
  #known = new Map();
  /** Number of the newest request; the answers to older ones are dropped. */
  #newest = 0;

  /**
   * @param {() => string[]} getModels names of the models that read
   * @param {(source: Photo, refused?: Refused) => void} show called when there is something new to show
   * @param {() => void} arrive called when a picture arrives, from anywhere
   */
  constructor(getModels, show, arrive) {
    this.getModels = getModels;
    this.show = show;
    const take = (/** @type {File | undefined} */ file) => {
      arrive();
      this.#take(file);
    };
    for (const id of ["file", "camera"]) {
      const input = byId(id, HTMLInputElement);
      input.addEventListener("change", () => {
        if (input.files?.length) take(input.files[0]);
        input.value = ""; // the same file may be chosen again
      });
    }
    catchDrops(take);
    addEventListener("paste", ({ clipboardData }) => {
      if (clipboardData?.files.length) take(clipboardData.files[0]);
    });
    byId("frame").addEventListener("keydown", moveFocus);
    byId("turn").addEventListener("click", () => this.#turnPicture());
    byId("whole").addEventListener("click", () => this.#look !== WHOLE && this.#lookAt(WHOLE));
  }

  get how() {
    const { part, turn } = this.#look;
    // turned by hand, it stays as it is
    return { upright: turn !== null, printed: false, area: part && part.map((share) => share.toFixed(5)).join(), turn: turn ?? 0 };
  }

  /** How the picture is shown turned, by hand or by the reader: degrees, counter-clockwise. */
  get #shownTurn() {
    return ((this.#look.turn ?? 0) + (this.explanation?.rotation ?? 0)) % 360;
  }

  /** Read a part of what is shown. @param {Part} part */
  #crop(part) {
    const inside = turnBack(part, this.#shownTurn);
    this.#lookAt({ part: nest(this.#look.part ?? [0, 0, 1, 1], inside), turn: this.explanation?.rotation ? this.#shownTurn : this.#look.turn });
  }

  #turnPicture() {
    this.#lookAt({ ...this.#look, turn: (this.#shownTurn + 270) % 360 });
  }

  /** Read another part, or turned otherwise. @param {Look} look */
  async #lookAt(look) {
    if (!this.explanation) return;
    this.#setLook(look);
    await this.#open(true);
  }

  /** @param {Look} look */
  #setLook(look) {
    this.#look = look;
    this.#view.reset();
    byId("whole").setAttribute("aria-disabled", String(look === WHOLE));
  }

  picture() {
    return this.#file;
  }

  get page() {
    return this.#pages.current;
  }

  /** @param {File | undefined} file */
  async #take(file) {
    const request = ++this.#newest;
    this.explanation = null;
    this.#known.clear();
    this.#setLook(WHOLE);
    this.#pages.show(1, 1);
    this.#updateBoxes();
    if (!file) return this.#refuse(new Refused("This is not a file: drop a picture from a folder, or choose one", 422));
    if (file.size > MAX_BYTES) {
      const [size, limit] = [Math.ceil(file.size / 2 ** 20), MAX_BYTES / 2 ** 20];
      return this.#refuse(new Refused(`The file has ${size} MiB, more than the limit of ${limit} MiB: shrink the picture`, 413));
    }
    const image = byId("image", HTMLImageElement);
    URL.revokeObjectURL(this.#address);
    image.src = this.#address = URL.createObjectURL(file);
    this.#setStage("reading");
    setBusy(true); // from now on, not only once the picture is decoded and sent
    // the service converts what the browser cannot show, such as HEIC
    const visible = await image.decode().then(() => true, () => false);
    if (request !== this.#newest) return;
    this.#file = file;
    byId("photo").hidden = !visible;
    await this.#open(!visible);
  }

  /** Show the page that was chosen; read it unless that was done before. */
  #turn() {
    const known = this.#known.get(this.page);
    this.#setLook(known?.look ?? WHOLE);
    if (!known) {
      this.explanation = null;
      this.#updateBoxes();
      this.#setStage("reading");
      this.show(this);
      this.#open(true);
      return;
    }
    this.#newest++;
    byId("photo-took").textContent = "";
    byId("image", HTMLImageElement).src = known.image;
    this.#accept(known.explanation);
    setBusy(false);
    this.#announce(known.explanation);
  }

  /** Read a picture or page for the first time. @param {boolean} preview whether the service sends what to show */
  async #open(preview) {
    const explanation = await this.#read(0, preview);
    if (!explanation) return;
    this.#announce(explanation);
    const { reading } = explanation.answers[0];
    // explain a digit first, not a non-digit
    const first = reading.digits.findIndex((digit) => digit.accepted);
    if (first > 0) await this.#read(first);
  }

  /** @param {Explanation} explanation */
  #announce({ answers }) {
    announce(this.#pages.describe() + describeReading(answers[0].reading), 100);
  }

  /** Explain a digit: show at once what is known, and the rest when it arrives. @param {number} digit */
  select(digit) {
    if (!this.explanation) return;
    const [{ model, reading, probabilities, images }] = this.explanation.answers;
    const known = { model, probabilities: probabilities[digit], layers: null, maps: null, evidence: null };
    this.#accept({ ...this.explanation, focus: { digit, image: images[digit], models: [known], steps: null } });
    announce(`Selected: ${describeDigit(reading.digits[digit])}`, 100);
    this.#read(digit);
  }

  /** Read the picture again, for instance with other models. */
  update() {
    this.#known.clear();
    if (this.explanation) this.#read(this.explanation.focus?.digit ?? 0);
  }

  /** @param {number} focus */
  async #read(focus, preview = false) {
    const request = ++this.#newest;
    const sent = performance.now();
    setBusy(true);
    try {
      const { page } = this;
      const options = { models: this.getModels(), page, focus, evidence: true, preview, ...this.how };
      const explanation = await explain(this.#file, options);
      if (request !== this.#newest) return;
      if (explanation.preview) byId("image", HTMLImageElement).src = explanation.preview;
      this.#pages.show(page, explanation.pages);
      this.#accept(explanation);
      showTime(byId("photo-took"), performance.now() - sent);
      setBusy(false);
      return explanation;
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      if (request !== this.#newest) return;
      if (refused.pages > 1) this.#pages.show(this.page, refused.pages);
      this.#refuse(refused);
      setBusy(false);
    }
  }

  /** @param {Explanation} explanation */
  #accept(explanation) {
    this.explanation = explanation;
    this.#known.set(this.page, { explanation, image: byId("image", HTMLImageElement).src, look: this.#look });
    this.#setStage("read");
    this.#updateBoxes();
    this.show(this);
  }

  /** @param {Refused} refused */
  #refuse(refused) {
    if (!this.explanation) this.#setStage(this.#pages.count > 1 ? "refused" : "empty");
    this.show(this, refused);
  }

  /** @param {"empty" | "reading" | "read" | "refused"} stage "refused": a page, so that another can be chosen */
  #setStage(stage) {
    byId("photograph").dataset.stage = stage;
    byId("drop").hidden = stage !== "empty";
    byId("photo").hidden = stage === "empty" || stage === "refused";
    byId("photo-tools").hidden = stage === "empty";
    byId("photo-note").hidden = stage !== "read" || !this.explanation?.focus;
    if (stage !== "read") byId("photo-took").textContent = stage === "reading" ? "reading …" : "";
  }

  #updateBoxes() {
    const frame = byId("frame");
    const { size, rotation, focus, answers } = this.explanation ?? { size: [1, 1], rotation: 0 };
    const digits = answers?.[0].reading.digits ?? [];
    if (this.explanation) layOut(frame, byId("image"), this.explanation);
    const old = [...frame.querySelectorAll("button")];
    for (const spare of old.slice(digits.length)) spare.remove();
    digits.forEach((digit, index) => {
      const box = old[index] ?? frame.appendChild(this.#createBox(index));
      const doubtful = digit.doubts.length > 0;
      place(box, rotate(digit.box, rotation, size), rotation % 180 ? [size[1], size[0]] : size);
      box.replaceChildren(create("span", {}, digit.accepted ? `${digit.value}${doubtful ? "?" : ""}` : "–"));
      box.className = !digit.accepted ? "box rejected" : doubtful ? "box doubtful" : "box";
      box.title = [describeDigit(digit), ...digit.doubts].join("; ");
      box.setAttribute("aria-label", box.title);
      box.setAttribute("aria-pressed", String(index === focus?.digit));
    });
  }

  /** @param {number} index */
  #createBox(index) {
    const box = create("button", { type: "button" });
    box.addEventListener("click", () => this.select(index));
    return box;
  }
}

/** Take files that are dropped anywhere on the page. @param {(file: File | undefined) => void} take */
function catchDrops(take) {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.toggle("dragging", event.dataTransfer?.types.includes("Files"));
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

/** Move the focus from box to box with the arrow keys, in reading order. @param {KeyboardEvent} event */
function moveFocus(event) {
  /** @type {Record<string, number>} */
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const boxes = [...byId("frame").querySelectorAll("button")];
  const index = boxes.findIndex((box) => box === event.target);
  if (!(event.key in steps) || index < 0) return;
  boxes[index + steps[event.key]]?.focus();
  event.preventDefault();
}

/** Show the picture upright. @param {HTMLElement} frame @param {HTMLElement} image @param {Explanation} explanation */
function layOut(frame, image, { size: [width, height], rotation }) {
  const [across, down] = rotation % 180 ? [height, width] : [width, height];
  frame.style.aspectRatio = `${across} / ${down}`;
  frame.style.setProperty("--ratio", String(across / down));
  image.style.width = `${(100 * width) / across}%`;
  image.style.height = `${(100 * height) / down}%`;
  image.style.transform = `translate(-50%, -50%) rotate(${-rotation}deg)`;
}

/**
 * Rotate a box with the picture that it lies in.
 * @param {Box} box
 * @param {number} rotation degrees, counter-clockwise
 * @param {number[]} size width and height of the picture before
 * @returns {Box}
 */
function rotate([left, top, width, height], rotation, [across, down]) {
  if (rotation === 90) return [top, across - left - width, height, width];
  if (rotation === 180) return [across - left - width, down - top - height, width, height];
  if (rotation === 270) return [down - top - height, left, height, width];
  return [left, top, width, height];
}

/** @param {HTMLElement} box @param {Box} place @param {number[]} size of the picture */
function place(box, [left, top, width, height], [across, down]) {
  box.style.left = `${(100 * left) / across}%`;
  box.style.top = `${(100 * top) / down}%`;
  box.style.width = `${(100 * width) / across}%`;
  box.style.height = `${(100 * height) / down}%`;
  // the answer is written as high as the digit, within limits; 1cqw is a hundredth of the frame's width
  box.style.setProperty("--high", `${(100 * height) / across}cqw`);
}
