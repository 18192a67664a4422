/** Light, dark, or as the system is. Charts that paint by hand read `theme.shown` so that they paint again. */
const KEY = "hannun.theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

function remembered(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === value) ?? "system";
  } catch {
    return "system";
  }
}

class ThemeState {
  chosen = $state<Theme>(remembered());
  #systemDark = $state(matchMedia("(prefers-color-scheme: dark)").matches);
  readonly shown: "light" | "dark" = $derived(
    this.chosen === "system" ? (this.#systemDark ? "dark" : "light") : this.chosen,
  );

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
      this.#systemDark = event.matches;
      this.#apply();
    });
    this.#apply();
  }

  set(theme: Theme): void {
    this.chosen = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // not remembered, still shown
    }
    this.#apply();
  }

  /** system → light → dark → system. */
  next(): void {
    this.set(THEMES[(THEMES.indexOf(this.chosen) + 1) % THEMES.length]!);
  }

  /** The value of a colour token in the theme on screen, for a canvas. Read inside an effect it follows the theme. */
  token(name: `--${string}`): string {
    void this.shown;
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  // The attribute must be there before the next frame, so it is written here and not in an effect.
  #apply(): void {
    document.documentElement.dataset["theme"] = this.shown;
  }
}

export const theme = new ThemeState();
