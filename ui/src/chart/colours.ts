/** The colours of the theme on screen, for canvases. Reading them inside an effect or `$derived` follows the theme. */
import { PALETTE } from "../model/palette.ts";
import { theme } from "../state/theme.svelte.ts";
import type { Colours } from "./plot.ts";

const known = new Map<string, Colours>();

export function chartColours(): Colours {
  const shown = theme.shown;
  let colours = known.get(shown);
  if (!colours) {
    colours = {
      ink: theme.token("--ink-3"),
      grid: theme.token("--line"),
      strong: theme.token("--line-strong"),
      accent: theme.token("--accent"),
      ground: theme.token("--bg"),
      series: PALETTE[shown],
      severity: {
        critical: theme.token("--critical"),
        warning: theme.token("--warning"),
        info: theme.token("--info"),
        fine: theme.token("--fine"),
        unknown: theme.token("--unknown"),
      },
      font: theme.token("--font"),
    };
    known.set(shown, colours);
  }
  return colours;
}
