/** The frame's keys. Letters are Grafana's where Grafana has one, so that hands need not learn anew. */
import { m } from "../../i18n/index.ts";
import type { Shortcut } from "../../model/shortcuts.ts";
import { PAGES } from "../../routes.ts";
import { navigate } from "../../state/router.svelte.ts";
import { theme } from "../../state/theme.svelte.ts";
import { time } from "../../state/time.svelte.ts";
import { frame } from "./frame.svelte.ts";

export function frameShortcuts(): Shortcut[] {
  const go = PAGES.filter((page) => page.go).map(
    (page): Shortcut => ({ keys: `g ${page.go}`, group: "go", what: page.title, run: () => navigate(page.paths[0]!) }),
  );
  return [
    ...go,
    { keys: "mod+k", group: "app", what: m.omni, run: () => frame.show("omnibox") },
    { keys: "/", group: "app", what: m.omni, run: () => frame.show("omnibox") },
    { keys: "?", group: "app", what: m.help, run: () => frame.show("help") },
    { keys: "c t", group: "app", what: m.key_theme, run: () => theme.next() },
    { keys: "t t", group: "time", what: m.key_time_open, run: () => frame.show("time") },
    { keys: "t z", group: "time", what: m.range_wider, run: () => time.zoomOut() },
    { keys: "t left", group: "time", what: m.range_earlier, run: () => time.shift(-1) },
    { keys: "t right", group: "time", what: m.range_later, run: () => time.shift(1) },
    { keys: "t a", group: "time", what: m.key_time_fix, run: () => time.toAbsolute() },
    { keys: "t n", group: "time", what: m.key_time_now, run: () => time.set({ from: "now-1h", to: "now" }) },
    { keys: "d r", group: "time", what: m.key_refresh, run: () => time.refresh() },
    { keys: "d p", group: "time", what: m.key_pause, run: () => time.pause(time.live) },
  ];
}
