/** What the server says about issues and their events: `/api/hannun/v1/errors…`. Moments are milliseconds. */

export type Level = "debug" | "info" | "warning" | "error" | "fatal";
export type IssueStatus = "unresolved" | "resolved" | "archived";
export type Priority = "high" | "medium" | "low";

export interface Issue {
  id: number;
  project: number;
  short_id: string;
  title: string;
  culprit: string;
  kind: string;
  level: Level;
  platform: string;
  logger: string;
  error_type: string;
  error_value: string;
  filename: string;
  function: string;
  handled: boolean | null;
  status: IssueStatus;
  substatus: string | null;
  details: StatusDetails;
  priority: Priority;
  first_seen_ms: number;
  last_seen_ms: number;
  first_release: string;
  last_release: string;
  events: number;
  users: number;
  assignee: string;
  comments: number;
  bookmarked: boolean;
  seen: boolean;
}

export interface StatusDetails {
  in_next_release?: boolean;
  after_release?: string;
  in_release?: string;
  in_commit?: string;
  until_ms?: number;
  until_events?: number;
  until_users?: number;
  window_ms?: number;
}

export interface IssueChange {
  ids: number[];
  status?: IssueStatus;
  substatus?: string;
  details?: StatusDetails;
  priority?: Priority;
  assignee?: string;
  bookmarked?: boolean;
  seen?: boolean;
}

export interface IssueAnswer {
  query: string;
  issues: (Issue & { bars: number[] })[];
  bars: { start_ms: number; step_ms: number; count: number };
  total: number;
  next: string | null;
  previous: string | null;
}

export interface Bars {
  start_ms: number;
  step_ms: number;
  counts: number[];
}

export interface Activity {
  id: number;
  at_ms: number;
  kind: string;
  actor: string;
  data: Record<string, unknown>;
}

export interface IssueDetail extends Issue {
  bars: Record<"24h" | "30d", Bars>;
  activity: Activity[];
  hashes: string[];
}

export interface EventRow {
  id: string;
  ts_ms: number;
  received_ms: number;
  tags: Record<string, string>;
}

/** `payload` is whatever an SDK sent, normalised: every part of it may be missing or of another shape. */
export interface EventAnswer extends EventRow {
  issue: number;
  project: number;
  previous: string | null;
  next: string | null;
  payload: Record<string, unknown>;
}

export interface Tag {
  key: string;
  events: number;
  of_events: number;
  values: { value: string; events: number; first_seen_ms: number; last_seen_ms: number }[];
}

export interface Why {
  version: string;
  reason: string;
  hashes: string[];
  variants: { name: string; hash?: string; values: string[]; exceptions?: WhyException[]; frames?: WhyFrame[] }[];
}

export interface WhyException {
  type: string;
  value: string;
  value_counts: boolean;
  frames: WhyFrame[];
}

export interface WhyFrame {
  counts: boolean;
  why_not: string;
  rule: string;
  parts: { name: string; value: string; why_not: string }[];
}

export interface SearchKeys {
  keys: string[];
  tags: string[];
  states: string[];
}
