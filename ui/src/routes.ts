/** Every page there is: its path, its name, and the chunk that draws it. A page is added here and nowhere else. */
import type { Component } from "svelte";
import { m } from "./i18n/index.ts";
import { match } from "./model/path.ts";

export interface Page {
  id: string;
  /** First one that matches wins; `:name` is handed to the component as a prop. */
  paths: readonly string[];
  title: () => string;
  load: () => Promise<{ default: Component<Record<string, string>> }>;
  /** Stands in the rail, in this order. */
  rail?: boolean;
  /** The letter after `g`. */
  go?: string;
}

// The chunk's component declares its own props; the router can only promise strings.
const chunk = (load: () => Promise<unknown>): Page["load"] => load as Page["load"];

export const PAGES: readonly Page[] = [
  { id: "home", paths: ["/"], title: m.nav_home, load: chunk(() => import("./view/home/Home.svelte")), rail: true, go: "h" },
  { id: "explore", paths: ["/explore"], title: m.nav_explore, load: chunk(() => import("./view/explore/Explore.svelte")), rail: true, go: "e" },
  { id: "hosts", paths: ["/hosts", "/hosts/:host"], title: m.nav_hosts, load: chunk(() => import("./view/hosts/Hosts.svelte")), rail: true, go: "n" },
  { id: "status", paths: ["/status"], title: m.nav_status, load: chunk(() => import("./view/status/Status.svelte")), rail: true, go: "t" },
  { id: "settings", paths: ["/settings", "/settings/:section"], title: m.nav_settings, load: chunk(() => import("./view/settings/Settings.svelte")), rail: true, go: "s" },
];

export interface Found {
  page: Page;
  params: Record<string, string>;
}

/** The page at a path; null when there is none, which the app says in words. */
export function pageAt(path: string): Found | null {
  for (const page of PAGES) {
    for (const pattern of page.paths) {
      const params = match(pattern, path);
      if (params) return { page, params };
    }
  }
  return null;
}
