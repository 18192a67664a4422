/** Names of what the server tells by a fixed word. */
import type { Activity, Issue, Level, Priority } from "../../api/errors.ts";
import type { Severity } from "../../api/types.ts";
import { format, m } from "../../i18n/index.ts";

export const LEVEL: Record<Level, () => string> = {
  fatal: m.level_fatal,
  error: m.level_error,
  warning: m.level_warning,
  info: m.level_info,
  debug: m.level_debug,
};

export const severityOf = (level: Level): Severity =>
  ({ fatal: "critical", error: "critical", warning: "warning", info: "info", debug: "unknown" })[level] as Severity;

const STATE: Record<string, () => string> = {
  unresolved: m.issue_unresolved,
  resolved: m.issue_resolved,
  archived: m.issue_archived,
  new: m.issue_new,
  ongoing: m.issue_ongoing,
  escalating: m.issue_escalating,
  regressed: m.issue_regressed,
};

/** What stands on an issue's chip: how it stands, in one word. */
export function stateWord(issue: Pick<Issue, "status" | "substatus">): string {
  const word = STATE[issue.status === "unresolved" && issue.substatus ? issue.substatus : issue.status];
  return word?.() ?? issue.status;
}

export const PRIORITY: Record<Priority, () => string> = {
  high: m.priority_high,
  medium: m.priority_medium,
  low: m.priority_low,
};

export const SORTS: Record<string, () => string> = {
  date: m.issues_sort_date,
  new: m.issues_sort_new,
  freq: m.issues_sort_freq,
  user: m.issues_sort_user,
  priority: m.issues_sort_priority,
  trends: m.issues_sort_trends,
};

/** Until when a status holds, "" when nothing ends it. */
export function untilWhen(issue: Pick<Issue, "details">): string {
  const it = issue.details;
  if (it.in_next_release) return m.until_next_release();
  if (it.in_release) return m.until_release({ release: it.in_release });
  if (it.in_commit) return m.until_commit({ commit: it.in_commit.slice(0, 12) });
  if (it.until_ms) return m.until_moment({ at: format.moment(it.until_ms) });
  if (it.until_events) return m.until_events({ n: format.count(it.until_events) });
  if (it.until_users) return m.until_users({ n: format.count(it.until_users) });
  return "";
}

const ACT: Record<string, () => string> = {
  first_seen: m.act_first_seen,
  resolved: m.act_resolved,
  unresolved: m.act_unresolved,
  archived: m.act_archived,
  regressed: m.act_regressed,
  escalating: m.act_escalating,
  assigned: m.act_assigned,
  unassigned: m.act_unassigned,
  priority: m.act_priority,
  comment: m.act_comment,
  merged: m.act_merged,
  unmerged: m.act_unmerged,
  release: m.act_release,
};
export const actWord = (act: Activity): string => ACT[act.kind]?.() ?? act.kind;

/** Why a frame does not count for the grouping, by what the server calls it. */
const WHY_NOT: Record<string, () => string> = {
  "left out by a rule": m.why_rule,
  "calls itself": m.why_itself,
  "made by the browser": m.why_browser,
  "says nothing": m.why_nothing,
  "not in the app": m.why_not_app,
};
export const whyNot = (said: string): string => WHY_NOT[said]?.() ?? said;
