/** Targets, cardinality and one metric's facts, for the mock server. */
const now = Date.now();

const target = (job, instance, more = {}) => ({
  url: `http://${instance}/metrics`,
  global_url: `http://${instance}/metrics`,
  labels: { instance, job, ...more.labels },
  discovered: {
    __address__: instance,
    __metrics_path__: "/metrics",
    __scheme__: "http",
    __scrape_interval__: "15s",
    __scrape_timeout__: "10s",
    job,
  },
  health: "up",
  last_error: "",
  advice: null,
  stand_in: "",
  last_scrape_ms: now - 7_000,
  duration_s: 0.0042,
  samples: 713,
  series_added: 0,
  interval_s: 15,
  timeout_s: 10,
  ...more,
});

const pool = (name, targets, dropped = []) => ({
  name,
  interval_s: 15,
  up: targets.filter((one) => one.health === "up").length,
  down: targets.filter((one) => one.health === "down").length,
  unknown: targets.filter((one) => one.health === "unknown").length,
  dropped: dropped.length,
  targets,
  dropped_targets: dropped.map((discovered) => ({ discovered })),
});

const DOWN = {
  health: "down",
  last_error: "dial tcp 10.2.0.14:9999: connection refused",
  advice: {
    en: "Nothing listens on port 9999 of backend-api. Is the service running, and is this its metrics port?",
    ko: "backend-api의 9999 포트에서 받는 프로그램이 없습니다. 서비스가 떠 있는지, 메트릭 포트가 맞는지 확인하세요.",
  },
  samples: 0,
};

export function targets(scenario) {
  if (scenario === "empty")
    return {
      pools: [],
      totals: { active: 0, up: 0, down: 0, unknown: 0, dropped: 0 },
      truncated: false,
      file: null,
      reload: { ok: true, at_ms: now },
    };
  const pools = [
    pool("backend-api", [target("backend-api", "backend-api:9999", scenario === "trouble" ? DOWN : {})]),
    pool(
      "node",
      [target("node", "node-exporter:9100", { stand_in: "node_exporter" }), target("node", "db-1:9100")],
      [{ __address__: "old-1:9100", __metrics_path__: "/metrics", __scheme__: "http", job: "node" }],
    ),
    pool("blackbox", [
      target("blackbox", "https://example.com/health", {
        url: "http://blackbox-exporter:9115/probe?module=http_2xx&target=https%3A%2F%2Fexample.com%2Fhealth",
        stand_in: "blackbox_exporter",
        samples: 16,
        duration_s: 0.18,
      }),
    ]),
  ];
  const sum = (key) => pools.reduce((total, one) => total + one[key], 0);
  return {
    pools,
    totals: {
      active: sum("up") + sum("down") + sum("unknown"),
      up: sum("up"),
      down: sum("down"),
      unknown: sum("unknown"),
      dropped: sum("dropped"),
    },
    truncated: false,
    file: "/etc/prometheus/prometheus.yml",
    reload: { ok: scenario !== "trouble", at_ms: now - 3_600_000 },
  };
}

export function relabel(pool, discovered) {
  if (pool !== "blackbox") return { pool, discovered, steps: [], kept: true, labels: discovered };
  const first = { ...discovered, __param_target: discovered.__address__ };
  const second = { ...first, instance: discovered.__address__ };
  const third = { ...second, __address__: "blackbox-exporter:9115" };
  return {
    pool,
    discovered,
    steps: [
      {
        yaml: "source_labels: [__address__]\ntarget_label: __param_target\n",
        before: discovered,
        after: first,
        added: { __param_target: discovered.__address__ },
        changed: {},
        removed: [],
      },
      {
        yaml: "source_labels: [__param_target]\ntarget_label: instance\n",
        before: first,
        after: second,
        added: { instance: discovered.__address__ },
        changed: {},
        removed: [],
      },
      {
        yaml: "target_label: __address__\nreplacement: blackbox-exporter:9115\n",
        before: second,
        after: third,
        added: {},
        changed: { __address__: [discovered.__address__, "blackbox-exporter:9115"] },
        removed: [],
      },
    ],
    kept: true,
    labels: { instance: discovered.__address__, job: "blackbox" },
  };
}

const dropMetric = (name) =>
  `metric_relabel_configs:\n  - source_labels: [__name__]\n    regex: ${name}\n    action: drop\n`;
const dropLabel = (name) => `metric_relabel_configs:\n  - regex: ${name}\n    action: labeldrop\n`;

export function cardinality(scenario, metric) {
  const none = scenario === "empty";
  const rows = [
    ["http_request_duration_seconds_bucket", 9240, 924],
    ["http_requests_total", 840, 80],
    ["node_cpu_seconds_total", 32, 32],
  ];
  const total = none ? 0 : metric ? 9240 : 10_112;
  return {
    from_ms: now - 3_600_000,
    to_ms: now,
    metric,
    series: total,
    series_day_ago: none ? 0 : 1036,
    growth: none ? 0 : total - 1036,
    metrics: none
      ? []
      : rows.map(([name, series, before]) => ({
          name,
          series,
          series_day_ago: before,
          growth: series - before,
          share: series / total,
          drop_rule: dropMetric(name),
        })),
    metric_count: none ? 0 : 713,
    labels: none
      ? []
      : [
          { name: "path", values: 770, series: 10_080, share: 0.99, drop_rule: dropLabel("path") },
          { name: "le", values: 12, series: 9240, share: 0.91, drop_rule: dropLabel("le") },
        ],
    label_values: metric
      ? [
          {
            label: "path",
            values: 770,
            series: 9240,
            top: [{ value: "/api/orders/1", series: 12, share: 0.001, drop_rule: dropLabel("path") }],
          },
        ]
      : [],
    senders: none
      ? []
      : [
          {
            job: "backend-api",
            instance: "backend-api:9999",
            series: 10_080,
            series_day_ago: 1004,
            growth: 9076,
            share: 0.99,
            drop_rule: dropMetric(".*"),
          },
        ],
    truncated: false,
  };
}

export function facts(name, known) {
  if (!known)
    return {
      name,
      type: "unknown",
      unit: "",
      help: "",
      series: 0,
      exists: false,
      labels: [],
      suggestions: [],
      nearest: [],
    };
  const [, type, help, unit, series] = known;
  const suggestions = {
    counter: [
      { kind: "rate", title: { en: "per second", ko: "초당" }, expr: `sum(rate(${name}[5m]))` },
      {
        kind: "increase",
        title: { en: "growth in an hour", ko: "한 시간 증가량" },
        expr: `sum(increase(${name}[1h]))`,
      },
    ],
    histogram: [
      {
        kind: "quantiles",
        title: { en: "p50, p95, p99", ko: "p50, p95, p99" },
        expr: `histogram_quantile(0.95, sum by (le) (rate(${name}[5m])))`,
        exprs: ["0.5", "0.95", "0.99"].map((q) => ({
          name: q,
          expr: `histogram_quantile(${q}, sum by (le) (rate(${name}[5m])))`,
        })),
      },
      { kind: "heatmap", title: { en: "heatmap", ko: "히트맵" }, expr: `sum by (le) (increase(${name}[5m]))` },
    ],
  }[type] ?? [{ kind: "avg", title: { en: "average", ko: "평균" }, expr: `avg(${name})` }];
  return {
    name,
    type,
    unit,
    help,
    series,
    exists: true,
    labels: [{ name: "instance", values: 3, series, sample: ["mairie", "db-1", "web-1"] }],
    suggestions,
    nearest: [],
  };
}
