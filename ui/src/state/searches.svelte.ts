/** Searches of logs that this person made in this browser, newest first. */
import { recentFrom, withRecent } from "../model/search.ts";

const KEY = "hannun.log_searches";

function kept(): string[] {
  try {
    return recentFrom(localStorage.getItem(KEY));
  } catch {
    return [];
  }
}

class Searches {
  recent = $state.raw<readonly string[]>(kept());

  add(search: string): void {
    // Another tab may have added its own meanwhile.
    this.#keep(withRecent(kept(), search));
  }

  forget(): void {
    this.#keep([]);
  }

  #keep(recent: string[]): void {
    this.recent = recent;
    try {
      localStorage.setItem(KEY, JSON.stringify(recent));
    } catch {
      // not remembered beyond this page
    }
  }
}

export const searches = new Searches();
