/** The chart's budgets, measured on the chart alone: see chart_bench.mjs, which opens this page and prints. */
import "../src/app.css";
import "uplot/dist/uPlot.min.css";
import { Plot, type Shown } from "../src/chart/plot.ts";
import { PALETTE } from "../src/model/palette.ts";
import type { Frame } from "../src/model/series.ts";

const STEP_S = 15;

function frame(series: number, points: number, seed: number): Frame {
  const times = Float64Array.from({ length: points }, (_, i) => 1_780_000_000 + i * STEP_S);
  return {
    times,
    stepS: STEP_S,
    series: Array.from({ length: series }, (_, k) => ({
      key: `s${k}`,
      labels: { n: String(k) },
      name: `series ${k}`,
      values: times.map((_, i) => (i % 997 === 500 ? Number.NaN : 50 + 20 * Math.sin(i / 60 + k) + 6 * Math.sin(i * 12.9898 * (k + seed)))),
    })),
  };
}

function shown(of: Frame): Shown {
  const last = of.times.length - 1;
  return {
    frame: of,
    hues: of.series.map((_, i) => i % 8),
    visible: of.series.map(() => true),
    mirrored: of.series.map(() => false),
    unit: "count",
    stacked: false,
    log: false,
    min: null,
    max: null,
    fromMs: of.times[0]! * 1000,
    toMs: of.times[last]! * 1000,
    marks: [],
    thresholds: [],
    lang: "en",
    tag: "en-GB",
    zone: "",
    colours: {
      ink: "#626d68",
      grid: "#dce2df",
      strong: "#84918b",
      accent: "#0e7c73",
      ground: "#f7f8f7",
      series: PALETTE.light,
      severity: { critical: "#c8321f", warning: "#9a6400", info: "#2a62b8", fine: "#4c6b57", unknown: "#66706c" },
      font: "sans-serif",
    },
  };
}

const silent = { hover: () => {}, zoom: () => {} };
/** uPlot draws in a microtask; the task after the next frame runs when that frame was handed over. */
const drawn = (): Promise<void> => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
/** The best of the rounds: neighbours on a shared machine add time and never take any away. */
const best = (all: number[]): number => Math.min(...all);

function host(width: number): HTMLElement {
  const made = document.createElement("div");
  made.style.width = `${width}px`;
  document.getElementById("app")!.append(made);
  return made;
}

async function timed(act: () => void): Promise<number> {
  await drawn();
  const before = performance.now();
  act();
  await drawn();
  return performance.now() - before;
}

async function one(series: number, points: number): Promise<{ draw: number; refresh: number }> {
  const draws: number[] = [];
  const refreshes: number[] = [];
  for (let round = 0; round < 5; round++) {
    const place = host(1200);
    const [first, second] = [shown(frame(series, points, 1)), shown(frame(series, points, 2))];
    let plot!: Plot;
    draws.push(await timed(() => (plot = new Plot(place, first, { width: 1200, height: 400 }, silent))));
    refreshes.push(await timed(() => plot.update(second)));
    plot.destroy();
    place.remove();
  }
  return { draw: best(draws), refresh: best(refreshes) };
}

async function page(charts: number): Promise<{ draw: number; redraw: number }> {
  const places = Array.from({ length: charts }, () => host(600));
  const [first, second] = [shown(frame(10, 720, 1)), shown(frame(10, 720, 2))];
  const plots: Plot[] = [];
  const draw = await timed(() => {
    for (const place of places) plots.push(new Plot(place, first, { width: 600, height: 180 }, silent));
  });
  const redraws: number[] = [];
  for (let round = 0; round < 5; round++) redraws.push(await timed(() => plots.forEach((plot) => plot.update(round % 2 ? first : second))));
  return { draw, redraw: best(redraws) };
}

/** One chart with everything that may stand on it, to look at. */
function sample(): void {
  const base = shown(frame(3, 240, 1));
  const at = (share: number): number => base.fromMs + (base.toMs - base.fromMs) * share;
  new Plot(
    host(900),
    {
      ...base,
      marks: [
        { timeMs: at(0.3), kind: "deploy", label: "shop@1.8.2" },
        { timeMs: at(0.6), kind: "alert", severity: "critical", label: "checkout" },
      ],
      thresholds: [
        { value: 70, severity: "warning", label: "70" },
        { value: 78, severity: "critical", label: "78" },
      ],
    },
    { width: 900, height: 240 },
    silent,
  );
}

Object.assign(window, {
  sample, bench: async () => ({ "50 x 2000": await one(50, 2000), "10 x 10000": await one(10, 10_000), "30 charts x 10 x 720": await page(30) }) });
