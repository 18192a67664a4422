/** What the server's own API says, as in its OpenAPI page. Moments are milliseconds, ratios 0..1. */
import type { Words } from "../i18n/locale.svelte.ts";

export type Role = "viewer" | "editor" | "admin";
export type TokenRole = Role | "push";
export type Severity = "critical" | "warning" | "info" | "fine" | "unknown";
export type Lang = "ko" | "en";

export interface Person {
  id: number;
  name: string;
  role: Role;
  lang: Lang;
  timezone: string;
}

export interface Session {
  /** True when this server has no users and listens on loopback only. */
  open: boolean;
  user: Person | null;
  role: Role | null;
  csrf: string;
  server: { version: string; lang: Lang; timezone: string; base: string; started_ms: number; hostname: string };
}

export interface User extends Person {
  created_ms: number;
  last_seen_ms: number | null;
}

export interface Token {
  id: number;
  name: string;
  role: TokenRole;
  created_ms: number;
  last_used_ms: number | null;
}

export interface NewToken {
  id: number;
  name: string;
  token: string;
}

export interface Project {
  id: number;
  name: string;
  dsn: string;
}

export interface Need {
  severity: "critical" | "warning" | "info";
  what: Words;
  do: Words;
  link: string;
  since_ms: number;
}

export interface HostNow {
  host: string;
  instance: string;
  cpu: number | null;
  memory: number | null;
  disk: number | null;
  disk_mount: string;
  load1: number | null;
  cores: number | null;
  memory_total_bytes: number | null;
  uptime_s: number | null;
  network_rx_bps: number | null;
  network_tx_bps: number | null;
  os: string;
  kernel: string;
  pressure: { cpu: number | null; memory: number | null; io: number | null } | null;
  seen_ms: number;
  spark_cpu: (number | null)[];
}

export interface Overview {
  now_ms: number;
  needs: Need[];
  hosts: HostNow[];
  ingest: { samples_per_s: number; series: number; senders: { job: string; series: number }[] };
  store: {
    used_bytes: number;
    free_bytes: number;
    reserve_bytes: number;
    bytes_per_sample: number | null;
    oldest_ms: number | null;
    fills_in_s: number | null;
  };
  process: { memory_bytes: number; cpu: number };
}

export interface QueueStatus {
  name: string;
  rows: number;
  bytes: number;
  bytes_max: number;
  commits: number;
  rows_written: number;
  rows_dropped: number;
  commit_ms_p50: number | null;
  commit_ms_p99: number | null;
  last_commit_ms: number | null;
}

export interface TableStatus {
  name: string;
  rows: number;
  bytes: number;
  parts: number;
  bytes_per_row: number | null;
  oldest_ms: number | null;
  newest_ms: number | null;
}

export interface Outcome {
  signal: string;
  key: string;
  outcome: string;
  reason: string;
  hour_ms: number;
  count: number;
}

export interface Problem {
  id: string;
  severity: "critical" | "warning" | "info";
  what: Words;
  do: Words;
  since_ms: number;
}

export interface ConfigWarning {
  file: string;
  line: number | null;
  text: Words;
}

export interface Status {
  version: string;
  versions: Record<string, string>;
  started_ms: number;
  ready: boolean;
  data_dir: string;
  listen: string;
  memory: {
    rss_bytes: number | null;
    private_bytes: number | null;
    limit_bytes: number | null;
    engine_bytes: number | null;
  };
  disk: { total_bytes: number; free_bytes: number; reserve_bytes: number; used_bytes: number; refusing: boolean };
  queues: QueueStatus[];
  tables: TableStatus[];
  outcomes: Outcome[];
  retention: { signal: string; keep_ms: number | null; size_bytes: number | null }[];
  config: {
    file: string | null;
    warnings: ConfigWarning[];
    settings: { name: string; value: string; source: string }[];
  };
  problems: Problem[];
  collectors: { name: string; ok: boolean; duration_s: number | null; error: string | null }[];
}

export interface MetricName {
  name: string;
  type: string;
  help: string;
  unit: string;
  series: number;
}

export interface MetricNames {
  metrics: MetricName[];
  total: number;
}

export interface PanelQuery {
  id: string;
  expr: string;
  instant?: boolean;
}

export interface PanelSeries {
  labels: Record<string, string>;
  /** null where the series has no sample (or one that JSON cannot carry). */
  values: (number | null)[];
}

export interface PanelResult {
  id: string;
  start_ms: number;
  step_ms: number;
  steps: number;
  series: PanelSeries[];
  warnings: string[];
  infos: string[];
  truncated: boolean;
  /** Names in the question that no stored series has, with those that are near. */
  unknown_metrics?: { name: string; nearest: string[] }[];
  error?: string;
  explain?: unknown;
}

export interface PanelsRequest {
  start_ms: number;
  end_ms: number;
  step_ms: number;
  queries: PanelQuery[];
}

export interface FunctionDoc {
  name: string;
  args: string[];
  returns: string;
  doc: Words;
  kind: "function" | "aggregation";
}

export type TargetHealth = "up" | "down" | "unknown";

export interface Target {
  url: string;
  global_url: string;
  labels: Record<string, string>;
  discovered: Record<string, string>;
  health: TargetHealth;
  last_error: string;
  /** What the error means and what to do. */
  advice: Words | null;
  /** The built-in that answers in its place; "" when it answers itself. */
  stand_in: string;
  last_scrape_ms: number | null;
  duration_s: number;
  samples: number;
  series_added: number;
  interval_s: number;
  timeout_s: number;
}

export interface TargetPool {
  name: string;
  interval_s: number | null;
  up: number;
  down: number;
  unknown: number;
  dropped: number;
  targets: Target[];
  dropped_targets: { discovered: Record<string, string> }[];
}

export interface TargetsAnswer {
  pools: TargetPool[];
  totals: { active: number; up: number; down: number; unknown: number; dropped: number };
  truncated: boolean;
  file: string | null;
  reload: { ok: boolean; at_ms: number };
}

export interface RelabelStep {
  yaml: string;
  before: Record<string, string>;
  after: Record<string, string> | null;
  added: Record<string, string>;
  changed: Record<string, [string, string]>;
  removed: string[];
}

export interface RelabelAnswer {
  pool: string;
  steps: RelabelStep[];
  kept: boolean;
  labels: Record<string, string> | null;
}

export interface CardinalityRow {
  name: string;
  series: number;
  series_day_ago: number;
  growth: number;
  share: number;
  drop_rule: string;
}

export interface CardinalityAnswer {
  metric: string;
  series: number;
  series_day_ago: number;
  growth: number;
  metrics: CardinalityRow[];
  metric_count: number;
  labels: { name: string; values: number; series: number; share: number; drop_rule: string }[];
  label_values: {
    label: string;
    values: number;
    top: { value: string; series: number; share: number; drop_rule: string }[];
  }[];
  senders: {
    job: string;
    instance: string;
    series: number;
    series_day_ago: number;
    growth: number;
    share: number;
    drop_rule: string;
  }[];
  truncated: boolean;
}

export interface Suggestion {
  kind: string;
  title: Words;
  expr: string;
  /** The quantiles one by one, where the suggestion is about several. */
  exprs?: { name: string; expr: string }[];
}

export interface MetricFacts {
  name: string;
  type: string;
  unit: string;
  help: string;
  series: number;
  exists: boolean;
  labels: { name: string; values: number; series: number; sample: string[] }[];
  suggestions: Suggestion[];
  nearest: string[];
}
