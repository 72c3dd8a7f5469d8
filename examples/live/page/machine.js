// Charts of the machine's counters. Each value carries the last minute, so that a page that was disconnected has no gaps.
import { Chart, niceTop } from "./chart.js";
import { bytes } from "./format.js";
import { write } from "./status.js";

const COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4"];
const STALE_MS = 1500;
const MIN_TOP = 10_000;

export function showMachine(client, streams) {
  const panel = document.getElementById("machine");
  const disconnections = new Disconnections();
  const figures = {
    cpu: new Figure("cpu"),
    memory: new Figure("memory"),
    network: new Figure("network"),
    disk: new Figure("disk"),
  };
  const machine = client.document("machine");
  streams.add("machine", machine);
  let arrived = performance.now();
  machine.subscribe((value) => {
    arrived = performance.now();
    if (value.problem) {
      write(document.getElementById("machine-facts"), value.problem);
      return;
    }
    show(figures, value, disconnections.bands(value));
  });
  setInterval(() => panel.classList.toggle("stale", performance.now() - arrived > STALE_MS), 500);
}

function show(figures, value, bands) {
  const base = { length: value.samples, bands };
  showFacts(value);
  figures.cpu.show({ ...base, ...cpu(value) });
  figures.memory.show({ ...base, ...memory(value) });
  figures.network.show({ ...base, ...rates(value.network, ["in", "out", "local"]) });
  figures.disk.show({ ...base, ...rates(value.disk, ["read", "write"]) });
}

function showFacts(value) {
  const load = value.load.map((number) => number.toFixed(2)).join("  ");
  const hours = Math.floor(value.up_s / 3600);
  const minutes = Math.floor((value.up_s % 3600) / 60);
  const text = `${value.host} · load ${load} · up ${hours} h ${minutes} min`;
  write(document.getElementById("machine-facts"), text);
}

function cpu({ cores }) {
  const newest = cores.map((values) => values.at(-1) ?? 0);
  const mean = newest.reduce((sum, value) => sum + value, 0) / Math.max(1, cores.length);
  const few = cores.length <= COLOURS.length;
  const series = cores.map((values, core) => ({
    name: `core ${core}`,
    values,
    colour: COLOURS[core % COLOURS.length],
    fill: few,
    reading: `${newest[core]} %`,
  }));
  return { series, legend: few, top: 100, reading: `${Math.round(mean)} %` };
}

function memory({ memory: { used, total } }) {
  const newest = used.at(-1) ?? 0;
  const series = [{ name: "used", values: used, colour: COLOURS[1], fill: true }];
  const reading = `${bytes(newest * 1e6)} of ${bytes(total * 1e6)}`;
  return { series, legend: false, top: Math.max(1, total), reading };
}

function rates(counters, names) {
  const series = names.map((name, index) => ({
    name,
    values: counters[name],
    colour: COLOURS[index],
    fill: index === 0,
    reading: `${bytes(counters[name].at(-1) ?? 0)}/s`,
  }));
  const top = niceTop(series.map(({ values }) => values), MIN_TOP);
  return { series, legend: true, top, reading: "" };
}

/** One chart with its reading and legend. */
class Figure {
  #reading;
  #legend;
  #chart;
  #outputs = [];

  constructor(id) {
    const figure = document.getElementById(id);
    this.#reading = figure.querySelector(".reading");
    this.#legend = figure.querySelector(".legend");
    this.#chart = new Chart(figure.querySelector("canvas"));
  }

  show(picture) {
    write(this.#reading, picture.reading);
    if (picture.legend) this.#showLegend(picture.series);
    this.#chart.show(picture);
  }

  #showLegend(series) {
    if (this.#outputs.length !== series.length) {
      this.#outputs = series.map(() => document.createElement("output"));
      this.#legend.replaceChildren(...series.map((line, index) => this.#label(line, index)));
    }
    series.forEach((line, index) => write(this.#outputs[index], line.reading));
  }

  #label(line, index) {
    const swatch = document.createElement("i");
    swatch.style.background = `var(${line.colour})`;
    const label = document.createElement("span");
    label.append(swatch, line.name, " ", this.#outputs[index]);
    return label;
  }
}

/** Records between which samples the connection was lost, by the machine's clock. */
class Disconnections {
  #spans = [];
  #last = null;

  bands({ sampled_ms: now, every_ms: every, samples }) {
    if (this.#last !== null && now - this.#last > 4 * every) {
      this.#spans.push({ from: this.#last, to: now });
    }
    this.#last = now;
    const oldest = now - samples * every;
    this.#spans = this.#spans.filter((span) => span.to > oldest);
    return this.#spans.map((span) => ({
      from: Math.min(samples - 1, (now - span.from) / every),
      to: (now - span.to) / every,
    }));
  }
}
