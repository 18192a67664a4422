/** What the person looks at: environment, service, host, release. It belongs to them, not to a page. */
import { router } from "./router.svelte.ts";

export const SCOPES = ["environment", "service", "host", "release"] as const;
export type ScopeName = (typeof SCOPES)[number];

class Scope {
  readonly environment: string | null = $derived(router.query.get("environment"));
  readonly service: string | null = $derived(router.query.get("service"));
  readonly host: string | null = $derived(router.query.get("host"));
  readonly release: string | null = $derived(router.query.get("release"));
  /** Only what is chosen. */
  readonly chosen: [ScopeName, string][] = $derived(
    SCOPES.flatMap((name): [ScopeName, string][] => {
      const value = router.query.get(name);
      return value ? [[name, value]] : [];
    }),
  );

  set(name: ScopeName, value: string | null): void {
    router.setQuery({ [name]: value });
  }

  clear(): void {
    router.setQuery(Object.fromEntries(SCOPES.map((name) => [name, null])));
  }
}

export const scope = new Scope();
