/** Something that is asked for and asked for again. The last good answer stays on screen while a new one is fetched.
 *
 *   const hosts = resource((signal) => api.get<Overview>("overview", {}, signal), () => time.tick);
 *   {#if hosts.current.state === "ready"} … hosts.current.value …
 *
 * Created in a component's script it loads at once, again whenever something that `follow` reads changes, and stops
 * with the component. `failure` tells that the newest try failed although older data is still shown.
 */
import { untrack } from "svelte";
import { ApiError } from "../api/client.ts";
import type { Loadable } from "../model/loadable.ts";
import { activity } from "./activity.svelte.ts";

export interface Failure {
  why: string;
  hint: string;
}

export class Resource<T> {
  current = $state.raw<Loadable<T>>({ state: "loading" });
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  #load: (signal: AbortSignal) => Promise<T>;
  #quiet: boolean;
  #flight: AbortController | null = null;

  /** `quiet`: asked on a beat of its own, so the line at the top stays still. */
  constructor(load: (signal: AbortSignal) => Promise<T>, { quiet = false }: { quiet?: boolean } = {}) {
    this.#load = load;
    this.#quiet = quiet;
  }

  /** The newest good answer, if there ever was one. */
  get value(): T | null {
    return this.current.state === "ready" ? this.current.value : null;
  }

  /** Ask (again); an older question still on its way is dropped. */
  async reload(): Promise<void> {
    this.#flight?.abort();
    const flight = new AbortController();
    this.#flight = flight;
    this.busy = true;
    if (!this.#quiet) activity.running += 1;
    try {
      const value = await this.#load(flight.signal);
      if (this.#flight !== flight) return;
      this.current = { state: "ready", value };
      this.failure = null;
    } catch (error) {
      if (this.#flight !== flight || flight.signal.aborted) return;
      this.failure = {
        why: error instanceof Error ? error.message : String(error),
        hint: error instanceof ApiError ? error.hint : "",
      };
      if (this.current.state !== "ready")
        this.current = { state: "failed", ...this.failure, retry: () => void this.reload() };
    } finally {
      if (!this.#quiet) activity.running -= 1;
      if (this.#flight === flight) {
        this.busy = false;
        this.#flight = null;
      }
    }
  }

  /** Put a value there without asking, after a change that the answer to it already described. */
  put(value: T): void {
    this.current = { state: "ready", value };
  }

  stop(): void {
    this.#flight?.abort();
    this.#flight = null;
  }
}

/** A resource bound to the component that creates it. `follow` names what it depends on by reading it. */
export function resource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  follow: () => unknown = () => undefined,
): Resource<T> {
  const made = new Resource(load);
  $effect(() => {
    follow();
    // Asking reads and writes runes of its own; only `follow` decides when to ask again.
    untrack(() => void made.reload());
  });
  $effect(() => () => made.stop());
  return made;
}
