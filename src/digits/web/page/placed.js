// A digit of 28 × 28 pixels that lies on the sheet like ink, to be read, written on, or undone.

import { contextOf, create } from "./elements.js";
import { decodePixels } from "./tiles.js";

/** Height of the digit's 28 pixels, as a share of the sheet's. */
const SHARE = 0.8;

export class Placed {
  /** @type {Map<string, HTMLCanvasElement>} The digit in every colour that was needed. */
  #inColour = new Map();

  /** @param {Uint8Array} pixels @param {{width: number, height: number}} sheet */
  constructor(pixels, { width, height }) {
    this.pixels = pixels;
    this.side = SHARE * height;
    this.left = (width - this.side) / 2;
    this.top = (height - this.side) / 2;
  }

  /** @param {number} factor */
  scale(factor) {
    this.side *= factor;
    this.left *= factor;
    this.top *= factor;
  }

  save() {
    return { pixels: btoa(String.fromCharCode(...this.pixels)), left: this.left, top: this.top, side: this.side };
  }

  /** @param {ReturnType<Placed["save"]>} saved */
  static restore({ pixels, left, top, side }) {
    return Object.assign(new Placed(decodePixels(pixels), { width: 0, height: 0 }), { left, top, side });
  }

  /** Paint the digit in the context's colour, as transparent as it is light. @param {CanvasRenderingContext2D} context */
  paint(context) {
    const colour = String(context.fillStyle);
    const painted = this.#inColour.get(colour) ?? paintIn(colour, this.pixels);
    this.#inColour.set(colour, painted);
    context.imageSmoothingQuality = "high";
    context.drawImage(painted, this.left, this.top, this.side, this.side);
  }
}

/** @param {string} colour @param {Uint8Array} pixels */
function paintIn(colour, pixels) {
  const canvas = create("canvas", { width: 28, height: 28 });
  const context = contextOf(canvas);
  const image = new ImageData(28, 28);
  pixels.forEach((value, index) => (image.data[4 * index + 3] = value));
  context.putImageData(image, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, 28, 28);
  return canvas;
}
