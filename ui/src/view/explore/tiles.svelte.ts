/**
 * Sparklines for the tiles on screen: only what is visible is asked, all of it in one request.
 *
 * Tiles say when they come into view and when they leave; requests are gathered for a moment so that scrolling past a
 * hundred tiles is one question and not a hundred.
 */
import { SvelteMap } from "svelte/reactivity";
import { ApiError } from "../../api/client.ts";
import { ask } from "../../chart/panels.svelte.ts";
import { type Metric, rateWindow, stepFor, tileExpr } from "../../model/query.ts";
import { columnOf } from "../../model/series.ts";
import type { Range } from "../../model/time.ts";

const GATHER_MS = 60;
const TILE_PX = 240;

export type TileState =
  | { state: "loading" }
  | { state: "failed"; why: string }
  | { state: "ready"; values: Float64Array };

export class TileLoader {
  readonly states = new SvelteMap<string, TileState>();
  readonly #visible = new Map<string, Metric>();
  /** The range for which a tile's values were asked. */
  readonly #asked = new Map<string, string>();
  #range: Range;
  #matchers: string;
  #timer = 0;
  #flight: AbortController | null = null;

  constructor(range: Range, matchers: string) {
    this.#range = range;
    this.#matchers = matchers;
  }

  show(metric: Metric): void {
    this.#visible.set(metric.name, metric);
    this.#soon();
  }

  hide(name: string): void {
    this.#visible.delete(name);
  }

  /** Ask again for what is on screen; tiles keep their old line until the new one is there. */
  follow(range: Range, matchers: string): void {
    this.#range = range;
    this.#matchers = matchers;
    this.#soon();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#flight?.abort();
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#load(), GATHER_MS);
  }

  async #load(): Promise<void> {
    const { from, to } = this.#range;
    const stepS = stepFor(to - from, TILE_PX);
    const version = `${Math.floor(to / 1000 / stepS)}|${to - from}|${this.#matchers}`;
    const wanted = [...this.#visible.values()].filter((metric) => this.#asked.get(metric.name) !== version);
    if (wanted.length === 0) return;
    for (const { name } of wanted) {
      this.#asked.set(name, version);
      if (!this.states.has(name)) this.states.set(name, { state: "loading" });
    }
    const flight = new AbortController();
    this.#flight = flight;
    try {
      const queries = wanted.map((metric) => ({
        id: metric.name,
        expr: tileExpr(metric, rateWindow(stepS), this.#matchers),
      }));
      const { results } = await ask({ queries, stepS, range: this.#range }, flight.signal);
      for (const { name } of wanted) {
        const result = results.get(name);
        if (result?.error) this.states.set(name, { state: "failed", why: result.error });
        else this.states.set(name, { state: "ready", values: columnOf(result?.series[0]?.values ?? []) });
      }
    } catch (error) {
      if (flight.signal.aborted) return;
      const why = error instanceof ApiError ? error.message : String(error);
      for (const { name } of wanted) {
        this.#asked.delete(name);
        if (this.states.get(name)?.state !== "ready") this.states.set(name, { state: "failed", why });
      }
    }
  }
}
