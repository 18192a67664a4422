/** What the server says about log lines: `/api/hannun/v1/logs…`. Times of lines are nanoseconds, as text. */
import type { Words } from "../i18n/locale.svelte.ts";

export const SEVERITIES = ["unknown", "trace", "debug", "info", "warn", "error", "critical", "fatal"] as const;
export type LineSeverity = (typeof SEVERITIES)[number];

export interface StreamShown {
  /** 16 hex digits. */
  id: string;
  service: string;
  environment: string;
  host: string;
  labels: Record<string, string>;
}

export interface LineShown {
  ts: string;
  /** Index into `streams` of the same answer. */
  stream: number;
  severity: LineSeverity;
  line: string;
  attributes?: Record<string, string>;
  /** What the question's parsers made of the line. */
  fields?: Record<string, string>;
  trace_id?: string;
}

export interface Understood {
  /** `numbers`: a graph of `logs/series` is the answer, and no lines. */
  kind: "everything" | "words" | "logql" | "numbers";
  logql: string;
  words: string[];
}

export interface LogAnswer {
  query: Understood;
  streams: StreamShown[];
  lines: LineShown[];
  /** Where the next page begins; null at the end. */
  cursor: string | null;
}

export interface LogHistogram {
  start_ms: number;
  step_ms: number;
  /** Lines per bucket, all arrays equally long. */
  severities: Partial<Record<LineSeverity, number[]>>;
  total: number;
}

export interface FieldValues {
  name: string;
  kind: "label" | "attribute" | "field";
  cardinality: number;
  top: { value: string; count: number }[];
}

export interface LogFields {
  fields: FieldValues[];
  /** How many of the newest lines were looked at. */
  sampled: number;
}

export interface LogPattern {
  id: string;
  pattern: string;
  count: number;
  severity: LineSeverity;
  services: string[];
  first_ms: number;
  last_ms: number;
  counts: number[];
  /** Never seen before this range. */
  is_new: boolean;
  /** Lines per time against the range before, as a factor; null when there was nothing before. */
  change: number | null;
  /** A search that finds its lines. */
  search: string;
}

export interface LogPatterns {
  start_ms: number;
  step_ms: number;
  patterns: LogPattern[];
  lines: number;
}

export interface LogContext {
  streams: StreamShown[];
  before: LineShown[];
  at: LineShown | null;
  after: LineShown[];
}

/** One frame of `logs/tail`. */
export interface TailFrame {
  streams: StreamShown[];
  lines: LineShown[];
  /** Lines that this reader was too slow for. */
  dropped: number;
}

export interface SecurityEvents {
  /** The most frequent first; kinds without a line are left out. */
  kinds: { kind: string; title: Words; lines: number; search: string }[];
}
