/** The window of time that every page shows, and the beat on which live pages ask again.
 *
 * `from` and `to` are what stands in the URL; `range` is what they mean at the latest beat. Read `time.range` inside
 * an effect or `$derived` and it follows both changes of the range and each beat; `time.tick` counts the beats.
 */
import { locale } from "../i18n/locale.svelte.ts";
import {
  DEFAULT,
  defaultFor,
  isRelative,
  parseRange,
  type Range,
  refreshEvery,
  type Spoken,
  shifted,
  zoomedOut,
} from "../model/time.ts";
import { router } from "./router.svelte.ts";

class Time {
  /** Beats since the page was opened: grows with each refresh. */
  tick = $state(0);
  #now = $state(Date.now());
  #unasked = $state.raw<Spoken>(DEFAULT);

  readonly from: string = $derived(router.query.get("from") ?? this.#unasked.from);
  readonly to: string = $derived(router.query.get("to") ?? this.#unasked.to);
  readonly spoken: Spoken = $derived({ from: this.from, to: this.to });
  /** Whether the URL's range could be read; when not, `range` is the default one and the picker says so. */
  readonly understood: boolean = $derived(parseRange(this.spoken, this.#reading) !== null);
  readonly range: Range = $derived(parseRange(this.spoken, this.#reading) ?? parseRange(DEFAULT, this.#reading)!);
  readonly relative: boolean = $derived(isRelative(this.spoken));
  readonly #every: number | null = $derived(refreshEvery(router.query.get("refresh"), this.range));
  /** Whether the page follows the clock. */
  readonly live: boolean = $derived(this.relative && this.#every !== null);
  /** Milliseconds between beats, null when paused or when the range is fixed. */
  readonly every_ms: number | null = $derived(this.relative ? this.#every : null);

  get #reading() {
    return { now_ms: this.#now, zone: locale.timezone };
  }

  /** Starts the beat; returns how to stop it. A hidden page is silent and catches up when it is seen again. */
  start(): () => void {
    let last = Date.now();
    const beat = (): void => {
      if (document.hidden || this.every_ms === null || Date.now() - last < this.every_ms) return;
      last = Date.now();
      this.refresh();
    };
    const timer = setInterval(beat, 500);
    document.addEventListener("visibilitychange", beat);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", beat);
    };
  }

  /** Chooses the range of an address that says none. Only between pages: it must not change under somebody's eyes. */
  settle(oldest_ms: number | null): void {
    this.#unasked = defaultFor(oldest_ms, Date.now());
  }

  /** Ask again now. */
  refresh(): void {
    this.#now = Date.now();
    this.tick += 1;
  }

  set(spoken: Spoken): void {
    this.#now = Date.now();
    const isDefault = spoken.from === this.#unasked.from && spoken.to === this.#unasked.to;
    router.setQuery({ from: isDefault ? null : spoken.from, to: isDefault ? null : spoken.to });
  }

  /** A range drawn on a graph. */
  zoomTo(from_ms: number, to_ms: number): void {
    this.set({ from: String(Math.round(from_ms)), to: String(Math.round(to_ms)) });
  }

  shift(direction: -1 | 1): void {
    const next = shifted(this.range, direction);
    this.zoomTo(next.from, next.to);
  }

  zoomOut(): void {
    const next = zoomedOut(this.range, Date.now());
    this.zoomTo(next.from, next.to);
  }

  /** Fix the moments that are on screen, so that a link shows a colleague the same thing. */
  toAbsolute(): void {
    this.zoomTo(this.range.from, this.range.to);
  }

  pause(paused: boolean): void {
    router.setQuery({ refresh: paused ? "off" : null }, { replace: true });
    if (!paused) this.refresh();
  }

  /** null lets the width of the range decide. */
  setEvery(every: string | null): void {
    router.setQuery({ refresh: every }, { replace: true });
  }
}

export const time = new Time();
