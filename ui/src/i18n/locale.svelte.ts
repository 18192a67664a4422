/** The language on screen: what the person chose, else what the server knows of them, else the browser's. */
import { overwriteGetLocale } from "./paraglide/runtime.js";

export type Locale = "ko" | "en";
export const LOCALES: readonly Locale[] = ["ko", "en"];

/** A sentence that the server says in both languages. */
export interface Words {
  ko: string;
  en: string;
}

const KEY = "hannun.lang";
const isLocale = (value: unknown): value is Locale => value === "ko" || value === "en";

function remembered(): Locale | null {
  try {
    const value = localStorage.getItem(KEY);
    return isLocale(value) ? value : null;
  } catch {
    return null; // storage is off in some private windows; the page works without it
  }
}

class LocaleState {
  #current = $state<Locale>(
    remembered() ?? (navigator.languages?.some((tag) => tag.toLowerCase().startsWith("ko")) ? "ko" : "en"),
  );
  /** IANA zone in which moments are shown; empty means the browser's own. */
  timezone = $state<string>("");

  get current(): Locale {
    return this.#current;
  }

  /** BCP 47 tag for `Intl`. */
  get tag(): string {
    return this.#current === "ko" ? "ko-KR" : "en-GB";
  }

  set(next: Locale): void {
    this.#current = next;
    document.documentElement.lang = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // not remembered, still spoken
    }
  }

  /** What the server knows of the person; their own choice in this browser wins. */
  suggest(lang: string | undefined, timezone: string | undefined): void {
    if (timezone !== undefined) this.timezone = timezone;
    if (remembered() === null && isLocale(lang)) this.#current = lang;
    document.documentElement.lang = this.#current;
  }
}

export const locale = new LocaleState();
overwriteGetLocale(() => locale.current);

/** A two-language sentence of the server in the language on screen. */
export function words(text: Words): string {
  return text[locale.current] || text.en;
}
