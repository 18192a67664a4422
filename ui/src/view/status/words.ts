/** The server's fixed words, as people say them; a word that is new to the page is shown as it came. */
import { m } from "../../i18n/index.ts";

const OUTCOME: Record<string, () => string> = {
  accepted: m.outcome_accepted,
  filtered: m.outcome_filtered,
  limited: m.outcome_limited,
  invalid: m.outcome_invalid,
  discarded: m.outcome_discarded,
};
export const outcomeTitle = (outcome: string): string => OUTCOME[outcome]?.() ?? outcome;

const SIGNAL: Record<string, () => string> = {
  metrics: m.signal_metrics,
  logs: m.signal_logs,
  traces: m.signal_traces,
  errors: m.signal_errors,
};
export const signalTitle = (signal: string): string => SIGNAL[signal]?.() ?? signal;
