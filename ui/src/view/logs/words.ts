/** Words of the log page that are chosen by a value. */
import type { LineSeverity } from "../../api/logs.ts";
import { m } from "../../i18n/index.ts";

const SEVERITY: Record<LineSeverity, () => string> = {
  fatal: m.line_fatal,
  critical: m.line_critical,
  error: m.line_error,
  warn: m.line_warn,
  info: m.line_info,
  debug: m.line_debug,
  trace: m.line_trace,
  unknown: m.line_unknown,
};

export const severityWord = (severity: LineSeverity): string => SEVERITY[severity]();
