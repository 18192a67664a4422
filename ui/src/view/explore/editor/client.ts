/** What completion may ask the server: names, labels and values by Prometheus's own API, each asked once a minute. */
import type { PrometheusClient } from "@prometheus-io/codemirror-promql";
import { api } from "../../../api/client.ts";
import { time } from "../../../state/time.svelte.ts";

const FRESH_MS = 60_000;
/** More names than this cannot be scrolled; typing narrows them. */
const MOST = 10_000;

interface Answer<T> {
  readonly status: string;
  readonly data: T;
}

type Matchers = Parameters<PrometheusClient["labelValues"]>[2];

const kept = new Map<string, { at: number; answer: Promise<unknown> }>();

function ask<T>(path: string, params: Record<string, string | number | readonly string[]>, otherwise: T): Promise<T> {
  const key = `${path}?${JSON.stringify(params)}`;
  const known = kept.get(key);
  if (known && Date.now() - known.at < FRESH_MS) return known.answer as Promise<T>;
  // Completion that fails is completion without suggestions: the query itself will say what is wrong.
  const answer = api.get<Answer<T>>(path, params).then(
    (a) => a.data,
    () => {
      kept.delete(key);
      return otherwise;
    },
  );
  kept.set(key, { at: Date.now(), answer });
  return answer;
}

function selector(metric: string | undefined, matchers: Matchers): string[] {
  const inner = (matchers ?? [])
    .filter((m) => m.value !== "")
    .map(
      (m) =>
        `${m.name}${m.type === 1 ? "!=" : m.type === 2 ? "=~" : m.type === 3 ? "!~" : "="}${JSON.stringify(m.value)}`,
    );
  if (!metric && inner.length === 0) return [];
  const name = metric ? [`__name__=${JSON.stringify(metric)}`] : [];
  return [`{${[...name, ...inner].join(",")}}`];
}

/** Minutes, so that the cache key holds still while a live page ticks. */
function window(): { start: number; end: number } {
  const minute = (ms: number): number => Math.floor(ms / 60_000) * 60;
  return { start: minute(time.range.from), end: minute(time.range.to) + 60 };
}

export const labelNames = (selectors: readonly string[]): Promise<string[]> =>
  ask<string[]>("/api/v1/labels", { ...window(), ...(selectors.length > 0 ? { "match[]": selectors } : {}) }, []);

export const metricNames = (): Promise<string[]> => ask<string[]>("/api/v1/label/__name__/values", { limit: MOST }, []);

export const client: PrometheusClient = {
  labelNames: (metric) => labelNames(selector(metric, [])),
  labelValues: (label, metric, matchers) =>
    ask<string[]>(
      `/api/v1/label/${encodeURIComponent(label)}/values`,
      {
        ...window(),
        limit: MOST,
        "match[]": selector(
          metric,
          (matchers ?? []).filter((m) => m.name !== label),
        ),
      },
      [],
    ),
  metricMetadata: () => ask("/api/v1/metadata", {}, {}),
  series: async (metric, matchers) =>
    (
      await ask<Record<string, string>[]>(
        "/api/v1/series",
        { ...window(), limit: 1000, "match[]": selector(metric, matchers) },
        [],
      )
    ).map((labels) => new Map(Object.entries(labels))),
  metricNames,
  flags: async () => ({}),
};
