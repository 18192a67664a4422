/** The lines on screen: the newest page, more of them on scrolling, and live ones on top while somebody watches. */
import { untrack } from "svelte";
import { ApiError, api, apiUrl } from "../../api/client.ts";
import type { LogAnswer, TailFrame, Understood } from "../../api/logs.ts";
import { type Line, lineOf } from "../../model/logs.ts";
import { activity } from "../../state/activity.svelte.ts";
import type { Failure } from "../../state/resource.svelte.ts";

export const LINES_MAX = 50_000;
const FIRST_PAGE = 500;
const NEXT_PAGE = 2000;
const RECONNECT_MS = [500, 1000, 2000, 5000];

export interface Question {
  readonly q: string;
  readonly from: number;
  readonly to: number;
  readonly scope: Readonly<Record<string, string>>;
}

export class Feed {
  /** Newest first. A new array at every change, so that a list follows by identity. */
  lines = $state.raw<readonly Line[]>([]);
  understood = $state.raw<Understood | null>(null);
  loading = $state(true);
  more = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** Live: connected, and how many lines wait while the reader looks at older ones. */
  live = $state<"off" | "connecting" | "on">("off");
  waiting = $state(0);
  dropped = $state(0);
  /** How many rows the newest change put on top: the list keeps its place by it. */
  added = 0;
  #cursor: string | null = null;
  #question: Question | null = null;
  #flight: AbortController | null = null;
  #socket: WebSocket | null = null;
  #retry = 0;
  #timer = 0;
  #held: Line[] = [];
  #paused = false;

  get full(): boolean {
    return this.lines.length >= LINES_MAX;
  }

  /** Ask from the top. Lines that are there stay until the first answer. */
  async ask(question: Question): Promise<void> {
    this.#question = question;
    this.#flight?.abort();
    const flight = new AbortController();
    this.#flight = flight;
    this.loading = true;
    activity.running += 1;
    try {
      const answer = await this.#page(question, null, FIRST_PAGE, flight.signal);
      if (this.#flight !== flight) return;
      this.#put(
        answer.lines.map((line) => lineOf(line, answer.streams)),
        0,
      );
      this.understood = answer.query;
      this.#cursor = answer.cursor;
      this.more = answer.cursor !== null;
      this.failure = null;
    } catch (error) {
      if (this.#flight !== flight || flight.signal.aborted) return;
      this.failure = said(error);
      this.more = false;
    } finally {
      activity.running -= 1;
      if (this.#flight === flight) {
        this.#flight = null;
        this.loading = false;
      }
    }
  }

  /** The next page, once at a time. */
  async next(): Promise<void> {
    const question = this.#question;
    if (!question || this.#flight || this.#cursor === null || this.full) return;
    const flight = new AbortController();
    this.#flight = flight;
    activity.running += 1;
    try {
      const answer = await this.#page(question, this.#cursor, NEXT_PAGE, flight.signal);
      if (this.#flight !== flight) return;
      this.#put([...this.lines, ...answer.lines.map((line) => lineOf(line, answer.streams))], 0);
      this.#cursor = answer.cursor;
      this.more = answer.cursor !== null && !this.full;
      this.failure = null;
    } catch (error) {
      if (this.#flight === flight && !flight.signal.aborted) this.failure = said(error);
    } finally {
      activity.running -= 1;
      if (this.#flight === flight) this.#flight = null;
    }
  }

  watch(question: Question): void {
    this.unwatch();
    this.#question = question;
    this.#connect(question);
  }

  unwatch(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.live = "off";
    this.pause(false);
  }

  /** While paused, live lines wait instead of moving what is being read. */
  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    if (!paused) this.#release();
  }

  stop(): void {
    this.unwatch();
    this.#flight?.abort();
    this.#flight = null;
  }

  #page(question: Question, cursor: string | null, limit: number, signal: AbortSignal): Promise<LogAnswer> {
    const { q, from, to, scope } = question;
    return api.get<LogAnswer>(
      "logs",
      { q, from: Math.round(from), to: Math.round(to), limit, cursor, ...scope },
      signal,
    );
  }

  #connect(question: Question): void {
    this.live = "connecting";
    const url = apiUrl("logs/tail", { q: question.q, ...question.scope });
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.live = "on";
      this.#retry = 0;
    };
    socket.onmessage = (event) => this.#take(JSON.parse(String(event.data)) as TailFrame);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.live = "connecting";
      const wait = RECONNECT_MS[Math.min(this.#retry++, RECONNECT_MS.length - 1)]!;
      this.#timer = window.setTimeout(() => this.#socket === socket && this.#connect(question), wait);
    };
  }

  #take(frame: TailFrame): void {
    this.dropped += frame.dropped;
    const newest = frame.lines.map((line) => lineOf(line, frame.streams)).reverse();
    this.#held = newest.concat(this.#held).slice(0, LINES_MAX);
    if (this.#paused) this.waiting = this.#held.length;
    else this.#release();
  }

  #release(): void {
    this.waiting = 0;
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    this.#put(held.concat(this.lines).slice(0, LINES_MAX), held.length);
  }

  #put(lines: readonly Line[], added: number): void {
    this.added = added;
    this.lines = lines;
  }
}

function said(error: unknown): Failure {
  return {
    why: error instanceof Error ? error.message : String(error),
    hint: error instanceof ApiError ? error.hint : "",
  };
}

/** A feed bound to the component that creates it. */
export function feed(): Feed {
  const made = new Feed();
  $effect(() => () => untrack(() => made.stop()));
  return made;
}
