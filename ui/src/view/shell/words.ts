/** Names of the parts of the frame, where a key decides which. */
import { m } from "../../i18n/index.ts";
import type { ScopeName } from "../../state/scope.svelte.ts";
import type { Theme } from "../../state/theme.svelte.ts";

const SCOPE: Record<ScopeName, () => string> = {
  environment: m.scope_environment,
  service: m.scope_service,
  host: m.scope_host,
  release: m.scope_release,
};
export const scopeTitle = (name: ScopeName): string => SCOPE[name]();

const THEME: Record<Theme, () => string> = { system: m.theme_system, light: m.theme_light, dark: m.theme_dark };
export const themeTitle = (theme: Theme): string => THEME[theme]();

const QUICK: Record<string, () => string> = { today: m.range_today, yesterday: m.range_yesterday };
const SPAN = /^now-(\d+)([smhdw])$/;

/** A range as people say it: "last 6 h", "today"; null when only its moments say it. */
export function rangeInWords(from: string, to: string): string | null {
  if (from === "now/d" && to === "now") return QUICK["today"]!();
  if (from === "now-1d/d" && to === "now-1d/d") return QUICK["yesterday"]!();
  const span = SPAN.exec(from);
  if (!span || to !== "now") return null;
  const n = Number(span[1]);
  const unit = { s: m.span_seconds, m: m.span_minutes, h: m.span_hours, d: m.span_days, w: m.span_weeks }[
    span[2] as "s"
  ];
  return m.range_last({ span: unit({ n }) });
}
