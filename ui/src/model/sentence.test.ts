import { beforeEach, describe, expect, test } from "vitest";
import type { HostNow, Need, Overview } from "../api/types.ts";
import { locale } from "../i18n/locale.svelte.ts";
import { clauseInWords, leadInWords } from "../i18n/sentence.ts";
import { hostLevel, level, sentence, worstFirst } from "./sentence.ts";

const NOW = 1_795_151_671_000;

function host(name: string, change: Partial<HostNow> = {}): HostNow {
  return {
    host: name,
    instance: name,
    cpu: 0.1,
    memory: 0.4,
    disk: 0.3,
    disk_mount: "/",
    load1: 0.2,
    cores: 4,
    memory_total_bytes: 1,
    uptime_s: 1,
    network_rx_bps: 1,
    network_tx_bps: 1,
    os: "",
    kernel: "",
    pressure: null,
    seen_ms: NOW - 5000,
    spark_cpu: [],
    ...change,
  };
}

function need(severity: Need["severity"]): Need {
  return { severity, what: { ko: "", en: "" }, do: { ko: "", en: "" }, link: "", since_ms: NOW };
}

function view(change: Partial<Overview> = {}): Overview {
  return {
    now_ms: NOW,
    needs: [],
    hosts: [host("a")],
    ingest: { samples_per_s: 1204, series: 10, senders: [] },
    store: { used_bytes: 1, free_bytes: 1, reserve_bytes: 1, bytes_per_sample: 1, oldest_ms: 1, fills_in_s: null },
    process: { memory_bytes: 1, cpu: 0 },
    ...change,
  };
}

function said(overview: Overview): string {
  const { lead, clauses } = sentence(overview);
  return [leadInWords(lead), ...clauses.map((clause) => clauseInWords(clause).text)].join(" · ");
}

const CASES: [string, Overview, string, string][] = [
  ["calm", view(), "All is calm · 1 host · 1,204 samples/s", "모두 조용합니다 · 호스트 1대 · 초당 샘플 1,204개"],
  [
    "nothing has come yet",
    view({ hosts: [], ingest: { samples_per_s: 0, series: 0, senders: [] } }),
    "Nothing has arrived yet",
    "아직 들어온 데이터가 없습니다",
  ],
  [
    "one thing, now",
    view({ needs: [need("critical")] }),
    "1 thing needs you now · everything else is calm · 1 host · 1,204 samples/s",
    "지금 손봐야 할 일이 1가지 있습니다 · 나머지는 조용합니다 · 호스트 1대 · 초당 샘플 1,204개",
  ],
  [
    "two things, one of them now",
    view({ needs: [need("critical"), need("warning")], hosts: [host("a"), host("b")] }),
    "2 things need you, 1 of them now · everything else is calm · 2 hosts · 1,204 samples/s",
    "손볼 일이 2가지 있고, 그중 1가지는 지금 봐야 합니다 · 나머지는 조용합니다 · 호스트 2대 · 초당 샘플 1,204개",
  ],
  [
    "two things that can wait",
    view({ needs: [need("warning"), need("warning")] }),
    "2 things need you, none of them urgent · everything else is calm · 1 host · 1,204 samples/s",
    "손볼 일이 2가지 있지만 급하지는 않습니다 · 나머지는 조용합니다 · 호스트 1대 · 초당 샘플 1,204개",
  ],
  [
    "notes do not break the calm",
    view({ needs: [need("info")] }),
    "All is calm · 1 note · 1 host · 1,204 samples/s",
    "모두 조용합니다 · 알아 둘 일 1가지 · 호스트 1대 · 초당 샘플 1,204개",
  ],
  [
    "a silent host and a disk that fills",
    view({
      hosts: [host("a"), host("b", { seen_ms: NOW - 240_000 })],
      store: { ...view().store, fills_in_s: 9 * 3600 },
    }),
    "All is calm · 2 hosts · 1 silent · 1,204 samples/s · disk full in 9 h",
    "모두 조용합니다 · 호스트 2대 · 1대 응답 없음 · 초당 샘플 1,204개 · 디스크가 9시간 뒤 가득 참",
  ],
];

describe.each(["en", "ko"] as const)("the first sentence in %s", (lang) => {
  beforeEach(() => locale.set(lang));
  test.each(CASES)("%s", (_name, overview, en, ko) => {
    expect(said(overview)).toBe(lang === "en" ? en : ko);
  });
});

test("its sign is that of the worst need, and a note is none", () => {
  expect(sentence(view({ needs: [need("warning"), need("critical")] })).severity).toBe("critical");
  expect(sentence(view({ needs: [need("info")] })).severity).toBe("fine");
});

test("each clause about something leads to it", () => {
  const { clauses } = sentence(view());
  expect(clauses.map((clause) => clauseInWords(clause).to)).toEqual(["/hosts", "/status"]);
});

test("hosts stand worst first, equals by name as people count", () => {
  const hosts = [
    host("web-10"),
    host("web-9"),
    host("full", { disk: 0.97 }),
    host("gone", { seen_ms: NOW - 600_000 }),
    host("busy", { cpu: 0.95 }),
  ];
  expect(worstFirst(hosts, NOW).map((one) => one.host)).toEqual(["gone", "full", "busy", "web-9", "web-10"]);
});

test.each([
  ["cpu", 0.84, "fine"],
  ["cpu", 0.9, "warning"],
  ["memory", 0.99, "warning"],
  ["disk", 0.98, "critical"],
  ["disk", null, "unknown"],
] as const)("%s at %s is %s", (kind, ratio, expected) => {
  expect(level(kind, ratio)).toBe(expected);
});

test.each([
  ["/hosts/a%2Fb", "a need that names it by its address"],
  ["/hosts/10.0.0.1:9100", "a need that names its instance"],
])("a host under %s is as bad as %s", (link) => {
  const one = host("a/b", { instance: "10.0.0.1:9100" });
  expect(hostLevel(one, NOW, [{ ...need("warning"), link }])).toBe("warning");
  expect(hostLevel(host("other"), NOW, [{ ...need("critical"), link }])).toBe("fine");
  expect(hostLevel(one, NOW, [{ ...need("critical"), link: "/hosts/%" }])).toBe("fine");
});
