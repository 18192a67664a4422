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
  /** Other words by which people look for it, in both languages. */
  aliases: readonly string[];
  /** Stands in the rail, in this order. */
  rail?: boolean;
  /** Not in the phone's bar of five; ⌘K and links lead there. */
  deskOnly?: boolean;
  /** Path data on a 16 px grid, for the bar on a phone. */
  icon: string;
  /** The letter after `g`. */
  go?: string;
}

// The chunk's component declares its own props; the router can only promise strings.
const chunk = (load: () => Promise<unknown>): Page["load"] => load as Page["load"];

export const PAGES: readonly Page[] = [
  {
    id: "home",
    aliases: ["home", "overview", "홈", "처음"],
    icon: "M1.8 10.8a6.2 6.2 0 0 1 12.4 0M8 10.8h.01M8 9.4a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8",
    paths: ["/"],
    title: m.nav_home,
    load: chunk(() => import("./view/home/Home.svelte")),
    rail: true,
    go: "h",
  },
  {
    id: "explore",
    aliases: ["explore", "promql", "graph", "그래프", "지표"],
    icon: "M1.5 12.5 5.5 7l3 3 6-7",
    paths: ["/explore"],
    title: m.nav_explore,
    load: chunk(() => import("./view/explore/Explore.svelte")),
    rail: true,
    deskOnly: true,
    go: "e",
  },
  {
    id: "logs",
    aliases: ["logs", "loki", "logql", "log", "로그", "검색"],
    icon: "M2 3.5h12M2 6.5h8M2 9.5h11M2 12.5h6",
    paths: ["/logs"],
    title: m.nav_logs,
    load: chunk(() => import("./view/logs/Logs.svelte")),
    rail: true,
    go: "l",
  },
  {
    id: "errors",
    aliases: ["errors", "issues", "sentry", "exceptions", "오류", "이슈", "에러", "예외"],
    icon: "M8 1.8 14.6 13.6H1.4zM8 6v3.6M8 11.6h.01",
    paths: ["/errors", "/errors/:issue", "/errors/:issue/:event"],
    title: m.nav_errors,
    load: chunk(() => import("./view/errors/Errors.svelte")),
    rail: true,
    go: "r",
  },
  {
    id: "hosts",
    aliases: ["hosts", "machines", "servers", "nodes", "서버", "노드"],
    icon: "M2 2.5h12v4.5H2zM2 9h12v4.5H2zM4.4 4.75h.01M4.4 11.25h.01",
    paths: ["/hosts", "/hosts/:host"],
    title: m.nav_hosts,
    load: chunk(() => import("./view/hosts/Hosts.svelte")),
    rail: true,
    go: "n",
  },
  {
    id: "targets",
    aliases: ["targets", "scrape", "up", "down", "relabel", "타깃", "수집"],
    icon: "M8 1.8v3M8 11.2v3M1.8 8h3M11.2 8h3M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
    paths: ["/targets"],
    title: m.nav_targets,
    load: chunk(() => import("./view/targets/Targets.svelte")),
    rail: true,
    deskOnly: true,
    go: "j",
  },
  {
    id: "cardinality",
    aliases: ["cardinality", "series", "labels", "cost", "시계열", "레이블"],
    icon: "M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5v-6M13.5 13.5v-11",
    paths: ["/cardinality"],
    title: m.nav_cardinality,
    load: chunk(() => import("./view/cardinality/Cardinality.svelte")),
  },
  {
    id: "status",
    aliases: ["status", "queues", "disk", "storage", "drops", "버전", "큐", "저장소"],
    icon: "M1.5 8h3l2-5 3.2 10 1.8-5h3",
    paths: ["/status"],
    title: m.nav_status,
    load: chunk(() => import("./view/status/Status.svelte")),
    rail: true,
    deskOnly: true,
    go: "t",
  },
  {
    id: "settings",
    aliases: ["settings", "users", "tokens", "profile", "dsn", "사용자", "토큰", "언어", "비밀번호"],
    icon: "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3",
    paths: ["/settings", "/settings/:section"],
    title: m.nav_settings,
    load: chunk(() => import("./view/settings/Settings.svelte")),
    rail: true,
    go: "s",
  },
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
