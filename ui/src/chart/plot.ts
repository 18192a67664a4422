/**
 * One uPlot instance over columns: knows drawing, scales, crosshair and brush; knows nothing of Svelte or the page.
 *
 * uPlot is rebuilt only when the set of series changes. New data, ranges, themes and visibility go through `update`
 * and cost a redraw. Values are drawn by our own path builders because typed arrays say "absent" with NaN.
 */
import uPlot from "uplot";
import { type Frame, type Layer, stack } from "../model/series.ts";
import { formatTicks, formatValue, type Lang, tickIncrements, type Unit } from "../model/units.ts";
import type { Mark, Threshold } from "./marks.ts";
import { drawOver } from "./overlay.ts";
import { pathBuilder } from "./paths.ts";
import { spanOf } from "./span.ts";
import { timeLabels } from "./time_axis.ts";

export interface Colours {
  readonly ink: string;
  readonly grid: string;
  readonly strong: string;
  readonly accent: string;
  readonly ground: string;
  readonly series: readonly string[];
  readonly severity: Readonly<Record<"critical" | "warning" | "info" | "fine" | "unknown", string>>;
  readonly font: string;
}

export interface Shown {
  readonly frame: Frame;
  /** Palette index of each series. */
  readonly hues: readonly number[];
  readonly visible: readonly boolean[];
  /** Series drawn below zero, for pairs such as received and sent; their values stay positive everywhere else. */
  readonly mirrored: readonly boolean[];
  readonly unit: Unit;
  readonly stacked: boolean;
  readonly log: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly marks: readonly Mark[];
  readonly thresholds: readonly Threshold[];
  readonly lang: Lang;
  readonly tag: string;
  readonly zone: string;
  readonly colours: Colours;
}

/** Where the crosshair stands, in CSS pixels of the plot's host. */
export interface Hover {
  readonly index: number;
  readonly seconds: number;
  readonly left: number;
  readonly top: number;
  /** The series nearest to the pointer, null when the crosshair follows another chart. */
  readonly nearest: number | null;
  readonly msPerPx: number;
}

export interface Told {
  hover(hover: Hover | null): void;
  zoom(fromMs: number, toMs: number): void;
}

const AXIS_FONT_PX = 11;
/** From here lines are one pixel wide: wider ones hide each other, and 216,000 points rasterise in 30 ms, not 380. */
const DENSE_POINTS = 3000;
const TICK_GAP_PX = 6;
/** Graphs under each other have their moments under each other, unless a label needs more. */
const AXIS_WIDTH_PX = 58;

export class Plot {
  readonly #host: HTMLElement;
  readonly #told: Told;
  #u: uPlot | null = null;
  #shown: Shown;
  #layers: Layer[] | null = null;
  #size: { width: number; height: number };
  #following = false;

  constructor(host: HTMLElement, shown: Shown, size: { width: number; height: number }, told: Told) {
    this.#host = host;
    this.#shown = shown;
    this.#size = size;
    this.#told = told;
    this.#build();
  }

  update(shown: Shown): void {
    const before = this.#shown;
    this.#shown = shown;
    const same =
      before.frame.series.length === shown.frame.series.length &&
      before.frame.series.every((s, i) => s.key === shown.frame.series[i]!.key) &&
      before.stacked === shown.stacked &&
      before.log === shown.log &&
      before.unit === shown.unit &&
      before.zone === shown.zone;
    if (!same || !this.#u) {
      this.#build();
      return;
    }
    const u = this.#u;
    u.batch(() => {
      shown.visible.forEach((on, i) => {
        if (u.series[i + 1]!.show !== on) u.setSeries(i + 1, { show: on });
      });
      u.setData(this.#columns(), false);
      u.setScale("x", { min: shown.fromMs / 1000, max: shown.toMs / 1000 });
    });
    // A crosshair that stays put while new data slides under it must read the new values.
    if ((u.cursor.left ?? -1) >= 0) u.setCursor({ left: u.cursor.left!, top: u.cursor.top! });
  }

  resize(width: number, height: number): void {
    if (width === this.#size.width && height === this.#size.height) return;
    this.#size = { width, height };
    this.#u?.setSize(this.#size);
  }

  /** The crosshair at a moment that another chart points at. */
  follow(seconds: number | null): void {
    const u = this.#u;
    if (!u) return;
    this.#following = true;
    if (seconds === null) u.setCursor({ left: -10, top: -10 });
    else u.setCursor({ left: u.valToPos(seconds, "x"), top: 0 });
    this.#following = false;
  }

  /** Moves the crosshair by steps from where it stands; from nowhere it enters at the newest point. */
  walk(steps: number): void {
    const u = this.#u;
    const { times } = this.#shown.frame;
    if (!u || times.length === 0) return;
    const at = u.cursor.idx ?? null;
    const last = times.length - 1;
    const next = at === null ? last : Math.max(0, Math.min(last, at + steps));
    u.setCursor({ left: u.valToPos(times[next]!, "x"), top: 0 });
  }

  leave(): void {
    this.#u?.setCursor({ left: -10, top: -10 });
  }

  get hovering(): boolean {
    return (this.#u?.cursor.left ?? -1) >= 0;
  }

  /** A finger on the plot: the crosshair goes where it is. `clientX`, `clientY` are of the viewport. */
  touch(clientX: number, clientY: number): void {
    const u = this.#u;
    if (!u) return;
    const box = u.over.getBoundingClientRect();
    const left = Math.max(0, Math.min(box.width - 1, clientX - box.left));
    u.setCursor({ left, top: clientY - box.top });
  }

  destroy(): void {
    this.#u?.destroy();
    this.#u = null;
  }

  #columns(): uPlot.AlignedData {
    const { frame, stacked, visible, mirrored } = this.#shown;
    if (stacked) {
      // Hidden series take no room in the stack, and mirrored ones hang from zero in a stack of their own.
      const layers = new Array<Layer>(frame.series.length);
      for (const side of [false, true]) {
        const members = frame.series.map((_, i) => i).filter((i) => visible[i] && mirrored[i] === side);
        const columns = members.map((i) => (side ? frame.series[i]!.values.map((v) => -v) : frame.series[i]!.values));
        for (const [k, layer] of stack(columns).entries()) layers[members[k]!] = layer;
      }
      this.#layers = layers;
      return [frame.times, ...frame.series.map((s, i) => layers[i]?.top ?? s.values)] as unknown as uPlot.AlignedData;
    }
    this.#layers = null;
    return [
      frame.times,
      ...frame.series.map((s, i) => (mirrored[i] ? s.values.map((v) => -v) : s.values)),
    ] as unknown as uPlot.AlignedData;
  }

  #span(u: uPlot): [number, number] {
    const columns = (u.data.slice(1) as unknown as Float64Array[]).filter((_, i) => this.#shown.visible[i]);
    return spanOf(columns, this.#shown);
  }

  #build(): void {
    const u = this.#u;
    const at = u && (u.cursor.left ?? -1) >= 0 ? { left: u.cursor.left!, top: u.cursor.top! } : null;
    u?.destroy();
    this.#u = new uPlot(this.#options(), this.#columns(), this.#host);
    if (at) this.#u.setCursor(at);
  }

  #options(): uPlot.Options {
    const { frame, zone } = this.#shown;
    const alone = frame.series.length === 1;
    const dense = frame.series.length * frame.times.length > DENSE_POINTS;
    const paths = pathBuilder(
      (si) => this.#layers?.[si - 1]?.floor ?? null,
      () => this.#shown.stacked || alone,
    );
    const colourOf = (i: number): string => {
      const { colours, hues } = this.#shown;
      return colours.series[(hues[i] ?? 0) % colours.series.length]!;
    };
    return {
      ...this.#size,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      ...(zone ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), zone) } : {}),
      scales: {
        x: { time: true, range: () => [this.#shown.fromMs / 1000, this.#shown.toMs / 1000] },
        y: { auto: true, distr: this.#shown.log ? 3 : 1, range: (self) => this.#span(self) },
      },
      axes: [this.#timeAxis(), this.#valueAxis()],
      series: [
        {},
        ...frame.series.map(
          (s, i): uPlot.Series => ({
            label: s.name,
            show: this.#shown.visible[i]!,
            // Ranges are found in #span; uPlot's own search would trip over NaN.
            auto: false,
            stroke: () => colourOf(i),
            fill: () => withAlpha(colourOf(i), this.#shown.stacked ? 0.42 : alone ? 0.1 : 0),
            width: this.#shown.stacked || dense ? 1 : 1.5,
            paths,
            points: { show: false },
          }),
        ),
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 4 },
        dataIdx: (self, si, index) =>
          si > 0 && Number.isNaN((self.data[si] as unknown as Float64Array)[index])
            ? (null as unknown as number)
            : index,
        points: {
          ...(frame.series.length <= 24 ? {} : { show: false }),
          size: 7,
          width: 1.5,
          stroke: () => this.#shown.colours.ground,
          fill: (_, si) => colourOf(si - 1),
        },
        bind: { dblclick: () => null },
      },
      hooks: {
        setCursor: [(self) => this.#onCursor(self)],
        setSelect: [(self) => this.#onSelect(self)],
        draw: [(self) => drawOver(self, this.#shown)],
      },
    };
  }

  #timeAxis(): uPlot.Axis {
    const width = this.#size.width;
    return {
      stroke: () => this.#shown.colours.ink,
      font: `${AXIS_FONT_PX}px ${this.#shown.colours.font}`,
      grid: { show: false },
      ticks: { stroke: () => this.#shown.colours.grid, width: 1, size: 4 },
      size: 24,
      gap: 3,
      space: width < 420 ? 56 : 72,
      values: (_, splits, _axis, _space, step) => timeLabels(splits, step, this.#shown.tag, this.#shown.zone),
    };
  }

  #valueAxis(): uPlot.Axis {
    const label = (ticks: number[]): string[] => {
      const mirrored = this.#shown.mirrored.some(Boolean);
      return formatTicks(mirrored ? ticks.map(Math.abs) : ticks, this.#shown.unit, this.#shown.lang);
    };
    const axis: uPlot.Axis = {
      stroke: () => this.#shown.colours.ink,
      font: `${AXIS_FONT_PX}px ${this.#shown.colours.font}`,
      grid: { stroke: () => this.#shown.colours.grid, width: 1 },
      ticks: { show: false },
      gap: TICK_GAP_PX,
      space: 30,
      // The longest label decides how much room the axis takes; measured because Korean units are wide.
      size: (self, values) => {
        if (!values || values.length === 0) return AXIS_WIDTH_PX;
        self.ctx.save();
        self.ctx.font = `${AXIS_FONT_PX}px ${this.#shown.colours.font}`;
        const widest = Math.max(...values.map((v) => self.ctx.measureText(v ?? "").width));
        self.ctx.restore();
        return Math.max(AXIS_WIDTH_PX, Math.ceil(widest) + TICK_GAP_PX + 6);
      },
    };
    if (this.#shown.log) {
      axis.values = (_, ticks) =>
        ticks.map((t) => (t === null ? "" : formatValue(t, this.#shown.unit, this.#shown.lang)));
    } else {
      axis.incrs = tickIncrements(this.#shown.unit);
      axis.values = (_, ticks) => label(ticks);
    }
    return axis;
  }

  #onCursor(u: uPlot): void {
    const index = u.cursor.idx;
    if (index === null || index === undefined || (u.cursor.left ?? -1) < 0) {
      this.#told.hover(null);
      return;
    }
    const { left, top } = u.cursor;
    const plot = { left: u.over.offsetLeft, top: u.over.offsetTop };
    const { fromMs, toMs } = this.#shown;
    this.#told.hover({
      index,
      seconds: this.#shown.frame.times[index]!,
      left: plot.left + left!,
      top: plot.top + top!,
      nearest: this.#following ? null : this.#nearest(u, index, top!),
      msPerPx: (toMs - fromMs) / Math.max(1, u.over.clientWidth),
    });
  }

  get following(): boolean {
    return this.#following;
  }

  /** The series whose line, or in a stack whose band, is under the pointer. */
  #nearest(u: uPlot, index: number, top: number): number | null {
    let best: number | null = null;
    let least = Number.POSITIVE_INFINITY;
    this.#shown.frame.series.forEach((_, i) => {
      if (!this.#shown.visible[i]) return;
      const value = (u.data[i + 1] as unknown as Float64Array)[index]!;
      if (Number.isNaN(value)) return;
      const y = u.valToPos(value, "y");
      const layer = this.#layers?.[i];
      if (layer) {
        const floor = u.valToPos(layer.floor[index]!, "y");
        if (top >= Math.min(y, floor) && top <= Math.max(y, floor)) {
          best = i;
          least = -1;
        }
      }
      if (Math.abs(y - top) < least) {
        best = i;
        least = Math.abs(y - top);
      }
    });
    return best;
  }

  #onSelect(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 4) return;
    const from = u.posToVal(left, "x") * 1000;
    const to = u.posToVal(left + width, "x") * 1000;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#told.zoom(from, to);
  }
}

/** #rrggbb with an opacity, as #rrggbbaa. */
function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
