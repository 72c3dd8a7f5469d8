// Time chart on a canvas: series over the last minute, the newest value at the right edge.

const GRID_LINES = 3;
const PADDING = 4;

export class Chart {
  #canvas;
  #draw = () => {};

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /**
   * `series`: [{ values, colour: "--name", fill?: boolean }], each with one value per sample.
   * `top`: the value of the upper edge. `bands`: [{ from, to }], in samples counted back from the newest.
   */
  show({ series, length, top, bands }) {
    this.#draw = () => {
      const drawing = this.#drawing();
      if (drawing === null) return;
      drawing.grid();
      for (const band of bands) drawing.band(band, length);
      for (const line of series) drawing.line(line, length, top);
    };
    this.#draw();
  }

  #drawing() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || height === 0) return null;
    const ratio = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const context = this.#canvas.getContext("2d");
    context.scale(ratio, ratio);
    return new Drawing(context, width, height, getComputedStyle(this.#canvas));
  }
}

class Drawing {
  constructor(context, width, height, style) {
    this.context = context;
    this.width = width;
    this.height = height;
    this.colour = (name) => style.getPropertyValue(name).trim();
  }

  grid() {
    const { context, width, height } = this;
    context.strokeStyle = this.colour("--rule");
    context.lineWidth = 1;
    for (let line = 1; line <= GRID_LINES; line += 1) {
      const y = Math.round((height * line) / (GRID_LINES + 1)) + 0.5;
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(width, y);
      context.stroke();
    }
  }

  /** Shades a time without connection. Its values arrived after the reconnect. */
  band({ from, to }, length) {
    const left = this.#x(length - 1 - from, length);
    const right = this.#x(length - 1 - to, length);
    this.context.fillStyle = this.colour("--away");
    this.context.fillRect(left, 0, right - left, this.height);
  }

  line({ values, colour, fill = false }, length, top) {
    if (values.length === 0) return;
    const { context } = this;
    const first = length - values.length;
    const y = (value) =>
      this.height - PADDING - (Math.min(value, top) / top) * (this.height - 2 * PADDING);
    context.beginPath();
    values.forEach((value, index) => context.lineTo(this.#x(first + index, length), y(value)));
    context.strokeStyle = this.colour(colour);
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.stroke();
    if (!fill) return;
    context.lineTo(this.width, this.height);
    context.lineTo(this.#x(first, length), this.height);
    context.globalAlpha = 0.16;
    context.fillStyle = this.colour(colour);
    context.fill();
    context.globalAlpha = 1;
  }

  #x(sample, length) {
    return (sample / (length - 1)) * this.width;
  }
}

/** The next of 1, 2, 5, 10, … at or above the largest value, and at least `least`. */
export function niceTop(lists, least) {
  let largest = least;
  for (const values of lists) for (const value of values) largest = Math.max(largest, value);
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 2, 5, 10].find((step) => step * power >= largest) * power;
}
