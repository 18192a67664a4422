/** The answer to "can it wait?", kept fresh on every page: the home page, the rail's count and the favicon read it. */
import { api } from "../api/client.ts";
import type { Overview, Severity } from "../api/types.ts";
import { Resource } from "./resource.svelte.ts";

const SEEN_MS = 5000;
const WAITING_MS = 1500; // nothing has arrived yet: a person is watching for it
const HIDDEN_MS = 60_000; // a tab in the background still turns its favicon

class OverviewState extends Resource<Overview> {
  /** When the answer on screen was fetched. */
  fetched_ms = $state(0);
  readonly worst: Severity = $derived.by(() => {
    if (this.current.state !== "ready") return "unknown";
    const levels = this.current.value.needs.map((need) => need.severity);
    return levels.includes("critical") ? "critical" : levels.includes("warning") ? "warning" : "fine";
  });
  /** What wants a person; notes do not. */
  readonly wanting: number = $derived(
    this.current.state === "ready" ? this.current.value.needs.filter((need) => need.severity !== "info").length : 0,
  );

  constructor() {
    super((signal) => api.get<Overview>("overview", {}, signal), { quiet: true });
  }

  override async reload(): Promise<void> {
    await super.reload();
    if (!this.failure) this.fetched_ms = Date.now();
  }

  /** Keeps asking while the app is open; returns how to stop. */
  start(): () => void {
    let timer = 0;
    let stopped = false;
    const ask = async (): Promise<void> => {
      clearTimeout(timer);
      await this.reload();
      if (!stopped) timer = window.setTimeout(ask, this.#pause());
    };
    const onSeen = (): void => {
      if (!document.hidden) void ask();
    };
    document.addEventListener("visibilitychange", onSeen);
    void ask();
    return () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onSeen);
      this.stop();
    };
  }

  #pause(): number {
    if (document.hidden) return HIDDEN_MS;
    return this.value && this.value.hosts.length > 0 ? SEEN_MS : WAITING_MS;
  }
}

export const overview = new OverviewState();
