/** Log lines for the mock server: a shop that writes JSON, logfmt, nginx and plain Korean, with a burst of errors. */
import { createHash } from "node:crypto";

const NOW = Date.now();
const LINES = 60_000;
const EVERY_MS = 60; // an hour of lines

const STREAMS = [
  ["api", "web-1", { filename: "/var/log/api.log" }],
  ["payments", "web-2", {}],
  ["nginx", "edge-1", { filename: "/var/log/nginx/access.log" }],
  ["mailer", "web-2", {}],
].map(([service, host, more], i) => ({
  id: String(i + 1).padStart(16, "0"),
  service,
  environment: "production",
  host,
  labels: { service_name: service, host, env: "production", ...more },
}));

const hex = (n, length) => createHash("md5").update(String(n)).digest("hex").slice(0, length);

/** Line `n` back from the newest. */
function lineAt(n) {
  const ms = NOW - n * EVERY_MS;
  const ts = `${ms}${String((n * 7919) % 1e6).padStart(6, "0")}`;
  const burst = n > 9_000 && n < 10_500;
  const pick = (n * 2654435761) % 100;
  if (burst && pick < 30)
    return {
      ts,
      stream: 1,
      severity: "error",
      line: JSON.stringify({
        level: "error",
        message: "결제 실패: card declined",
        order_id: `ord_${hex(n, 10)}`,
        amount: 12_000 + (n % 90) * 100,
        user: { id: n % 500, plan: "pro" },
        trace_id: hex(n, 32),
      }),
      trace_id: hex(n, 32),
    };
  if (pick < 45)
    return {
      ts,
      stream: 2,
      severity: pick < 2 ? "error" : pick < 5 ? "warn" : "info",
      line: `10.2.${n % 9}.${n % 250} - - [20/Nov/2026:14:02:31 +0900] "GET /api/v1/orders/${n % 4000} HTTP/1.1" ${pick < 2 ? 502 : pick < 5 ? 404 : 200} ${400 + (n % 9000)} "-" "Mozilla/5.0"`,
    };
  if (pick < 75)
    return {
      ts,
      stream: 0,
      severity: pick < 48 ? "debug" : "info",
      line: `ts=2026-11-20T05:02:31Z level=info msg="request finished" method=POST path=/cart duration=${(n % 400) + 3}ms status=200 request_id=${hex(n, 12)}`,
      attributes: { thread: `worker-${n % 8}` },
    };
  if (pick < 76)
    return {
      ts,
      stream: 3,
      severity: "warn",
      line: `메일 발송이 늦어지고 있습니다: 대기 ${n % 90}건\n  at queue.py:88 in drain\n  Retry in 30 s`,
    };
  return {
    ts,
    stream: 1,
    severity: "info",
    line: JSON.stringify({
      level: "info",
      message: "결제 완료",
      order_id: `ord_${hex(n, 10)}`,
      amount: 9_900,
      user: { id: n % 500, plan: "free" },
      trace_id: hex(n, 32),
    }),
    trace_id: hex(n, 32),
  };
}

function matching(params) {
  const q = (params.get("q") ?? "").toLowerCase();
  const words = q.startsWith("{")
    ? []
    : q.split(/\s+/).filter((word) => word && !word.includes(":") && !word.startsWith("-"));
  const level = /level:(\w+)/.exec(q)?.[1];
  return {
    words,
    ok: (line) => (!level || line.severity === level) && words.every((word) => line.line.toLowerCase().includes(word)),
  };
}

const isNumbers = (params) => /^[a-z_]+\s*(?:by|without)?\s*\(.*\{/.test(params.get("q") ?? "");

export function logs(scenario, params) {
  const q = params.get("q") ?? "";
  if (isNumbers(params))
    return { query: { kind: "numbers", logql: q, words: [] }, streams: [], lines: [], cursor: null };
  const { words, ok } = matching(params);
  const understood = {
    kind: q === "" ? "everything" : q.startsWith("{") ? "logql" : "words",
    logql: q.startsWith("{") ? q : `{service_name=~".+"}${words.map((word) => ` |~ "(?i)${word}"`).join("")}`,
    words,
  };
  if (scenario === "empty") return { query: understood, streams: [], lines: [], cursor: null };
  const limit = Number(params.get("limit") ?? 200);
  let n = Number((params.get("cursor") ?? "-0").split("-")[1]);
  const lines = [];
  for (; n < LINES && lines.length < limit; n++) {
    const line = lineAt(n);
    if (ok(line)) lines.push(line);
  }
  return { query: understood, streams: STREAMS, lines, cursor: n < LINES ? `0-${n}` : null };
}

/** Lines per step and level, whatever was asked. */
export function series(scenario, params) {
  const { start_ms, step_ms, severities } = histogram(
    scenario,
    new URLSearchParams({ from: params.get("from"), to: params.get("to"), buckets: params.get("points") }),
  );
  const rows = Object.entries(severities).map(([level, values]) => ({ labels: { detected_level: level }, values }));
  return {
    id: "logs",
    start_ms,
    step_ms,
    steps: rows[0]?.values.length ?? 0,
    series: rows,
    warnings: [],
    infos: [],
    truncated: false,
  };
}

export function security(scenario) {
  const row = (kind, en, ko, lines) => ({ kind, title: { en, ko }, lines, search: `security:${kind}` });
  return {
    kinds:
      scenario === "trouble"
        ? [
            row("scanner", "Vulnerability scanners", "취약점 스캐너", 1204),
            row("failed_login", "Failed logins", "로그인 실패", 87),
          ]
        : [],
  };
}

export const labelValues = (name) =>
  [...new Set(STREAMS.map(({ labels }) => labels[name]).filter(Boolean))].concat(name === "namespace" ? ["shop"] : []);

export function histogram(scenario, params) {
  const from = Number(params.get("from"));
  const to = Number(params.get("to"));
  const step = Math.max(1000, Math.ceil((to - from) / Number(params.get("buckets") ?? 120) / 1000) * 1000);
  const start = Math.floor(from / step) * step;
  const buckets = Math.max(1, Math.ceil((to - start) / step));
  const severities = {};
  let total = 0;
  if (isNumbers(params)) return { start_ms: start, step_ms: step, severities, total };
  const { ok } = matching(params);
  if (scenario !== "empty")
    for (let n = 0; n < LINES; n += 1) {
      const at = Math.floor((NOW - n * EVERY_MS - start) / step);
      if (at < 0 || at >= buckets) continue;
      const line = lineAt(n);
      if (!ok(line)) continue;
      severities[line.severity] ??= Array(buckets).fill(0);
      severities[line.severity][at] += 1;
      total += 1;
    }
  return { start_ms: start, step_ms: step, severities, total };
}

const field = (name, kind, top) => ({
  name,
  kind,
  cardinality: top.length,
  top: top.map(([value, count]) => ({ value, count })),
});

export function fields(scenario) {
  if (scenario === "empty") return { fields: [], sampled: 0 };
  return {
    fields: [
      field("service_name", "label", [
        ["nginx", 450],
        ["api", 300],
        ["payments", 240],
        ["mailer", 10],
      ]),
      field("host", "label", [
        ["edge-1", 450],
        ["web-1", 300],
        ["web-2", 250],
      ]),
      field("env", "label", [["production", 1000]]),
      field("level", "attribute", [
        ["info", 930],
        ["debug", 30],
        ["warn", 40],
      ]),
      field("thread", "attribute", [
        ["worker-1", 40],
        ["worker-2", 38],
      ]),
      field("status", "field", [["200", 300]]),
      field("path", "field", [["/cart", 300]]),
      field("message", "field", [
        ["결제 완료", 230],
        ["결제 실패: card declined", 10],
      ]),
    ],
    sampled: 1000,
  };
}

export function context(params) {
  const ts = params.get("ts");
  const n = Math.round((NOW - Number(ts.slice(0, -6))) / EVERY_MS);
  const stream = Number(params.get("stream")) - 1;
  const near = (from, step, count) => {
    const found = [];
    for (let at = from; at >= 0 && at < LINES && found.length < count; at += step) {
      const line = lineAt(at);
      if (line.stream === stream) found.push(line);
    }
    return found;
  };
  return {
    streams: STREAMS,
    before: near(n + 1, 1, Number(params.get("before"))).reverse(),
    at: lineAt(n),
    after: near(n - 1, -1, Number(params.get("after"))),
  };
}

export function patterns(scenario, params) {
  const counts = (shape) => Array.from({ length: 30 }, (_, i) => shape(i));
  const row = (pattern, count, severity, services, more) => ({
    id: hex(pattern, 8),
    pattern,
    count,
    severity,
    services,
    first_ms: NOW - 3_000_000,
    last_ms: NOW - 1000,
    counts: counts((i) => count / 30 + Math.sin(i) * 20),
    is_new: false,
    change: 1,
    search: `"${pattern.split("<_>")[0].trim()}"`,
    ...more,
  });
  return {
    start_ms: Number(params.get("from")),
    step_ms: 120_000,
    lines: scenario === "empty" ? 0 : LINES,
    patterns:
      scenario === "empty"
        ? []
        : [
            row(
              '{"level":"error","message":"결제 실패: card declined","order_id":"<_>","amount":<_>',
              450,
              "error",
              ["payments"],
              { is_new: true, change: null, counts: counts((i) => (i > 14 && i < 18 ? 150 : 0)) },
            ),
            row('<_> - - [<_>] "GET /api/v1/orders/<_> HTTP/1.1" 502 <_> "-" "Mozilla/5.0"', 1200, "error", ["nginx"], {
              change: 4.2,
            }),
            row(
              '<_> - - [<_>] "GET /api/v1/orders/<_> HTTP/1.1" 200 <_> "-" "Mozilla/5.0"',
              24_000,
              "info",
              ["nginx"],
              {},
            ),
            row(
              'ts=<_> level=info msg="request finished" method=POST path=/cart duration=<_> status=200 request_id=<_>',
              18_000,
              "info",
              ["api"],
              {},
            ),
            row("메일 발송이 늦어지고 있습니다: 대기 <_>건", 600, "warn", ["mailer"], { change: 0.3 }),
          ],
  };
}
