/** Answers shaped as the server's, for working on the page without one. Numbers move with the clock. */

const GIB = 1024 ** 3;
const HOUR = 3_600_000;
const started = Date.now() - 3 * HOUR;

const wave = (t, period, low, high, phase = 0) =>
  low + ((high - low) * (1 + Math.sin((t / period) * 2 * Math.PI + phase))) / 2;
const noise = (seed) => {
  const x = Math.sin(seed * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};

function host(name, i, { hot = false, silent = false } = {}) {
  const now = Date.now();
  const cpu = hot ? 0.93 : wave(now, 90_000, 0.06, 0.34, i);
  return {
    host: name,
    instance: name,
    cpu: silent ? null : cpu,
    memory: silent ? null : [0.41, 0.63, 0.72, 0.38, 0.55, 0.87][i % 6],
    disk: [0.31, 0.94, 0.52, 0.44, 0.66, 0.21][i % 6],
    disk_mount: i === 1 ? "/var/lib/postgresql" : "/",
    load1: silent ? null : cpu * 4,
    cores: 4,
    memory_total_bytes: 16 * GIB,
    uptime_s: 86_400 * (3 + i * 11) + 4000,
    network_rx_bps: wave(now, 60_000, 20_000, 2_400_000, i),
    network_tx_bps: wave(now, 70_000, 10_000, 900_000, i + 1),
    os: "Debian GNU/Linux 12 (bookworm)",
    kernel: "6.1.0-28-amd64",
    pressure: i % 3 === 2 ? null : { cpu: hot ? 0.42 : 0.01, memory: 0, io: i === 1 ? 0.12 : 0.004 },
    seen_ms: silent ? now - 11 * 60_000 : now - 4000,
    spark_cpu: Array.from({ length: 60 }, (_, k) =>
      silent && k > 48
        ? null
        : hot && k > 44
          ? 0.9 + noise(k) * 0.08
          : wave(k * 60_000, 1_400_000, 0.05, 0.3, i) + noise(k + i * 70) * 0.08,
    ),
  };
}

export function overview(scenario) {
  const now = Date.now();
  const calm = {
    now_ms: now,
    needs: [],
    hosts: [host("mairie", 0)],
    ingest: {
      samples_per_s: 1204 + Math.round(noise(now) * 9),
      series: 18_112,
      senders: [
        { job: "node", series: 1_240 },
        { job: "hannun", series: 312 },
      ],
    },
    store: {
      used_bytes: 1.42 * GIB,
      free_bytes: 61 * GIB,
      reserve_bytes: 3.2 * GIB,
      bytes_per_sample: 0.71,
      oldest_ms: now - 12 * 24 * HOUR,
      fills_in_s: null,
    },
    process: { memory_bytes: 171 * 1024 ** 2, cpu: 0.013 },
  };
  if (scenario === "empty") {
    return {
      ...calm,
      hosts: [],
      ingest: { samples_per_s: 0, series: 0, senders: [] },
      store: { ...calm.store, used_bytes: 120_000, bytes_per_sample: null, oldest_ms: null },
    };
  }
  if (scenario !== "trouble") return calm;
  return {
    ...calm,
    needs: [
      {
        severity: "critical",
        what: { ko: "web-3 응답이 11분째 없습니다", en: "web-3 has been silent for 11 min" },
        do: {
          ko: "마지막 값은 02:03이었습니다. 서버가 켜져 있는지, 네트워크가 이어져 있는지 보세요.",
          en: "Its last value came at 02:03. See whether it is up and reachable.",
        },
        link: "/hosts/web-3",
        since_ms: now - 11 * 60_000,
      },
      {
        severity: "warning",
        what: { ko: "db-1 디스크가 9시간쯤 뒤 가득 찹니다", en: "db-1: disk full in about 9 h" },
        do: {
          ko: "/var/lib/postgresql 사용량이 시간당 2.1 GB씩 늘고 있습니다.",
          en: "/var/lib/postgresql grows 2.1 GB/h.",
        },
        link: "/hosts/db-1",
        since_ms: now - 2 * HOUR,
      },
    ],
    hosts: ["db-1", "web-1", "web-2", "batch-1", "cache-1", "web-3"].map((name, i) =>
      host(name, name === "db-1" ? 1 : i + 2, { hot: name === "batch-1", silent: name === "web-3" }),
    ),
    ingest: {
      ...calm.ingest,
      senders: [
        { job: "node", series: 7_440 },
        { job: "shop", series: 6_102 },
        { job: "postgres", series: 2_210 },
        { job: "nginx", series: 1_498 },
        { job: "redis", series: 550 },
        { job: "hannun", series: 312 },
      ],
    },
    store: { ...calm.store, used_bytes: 48.1 * GIB, free_bytes: 9.6 * GIB, fills_in_s: 9 * 86_400 },
  };
}

export function status(scenario) {
  const now = Date.now();
  const trouble = scenario === "trouble";
  const view = overview(scenario);
  return {
    version: "0.1.0",
    versions: { hannun: "0.1.0", python: "3.11.2", chdb: "4.4.0", clickhouse: "26.9.1", kernels: "0.61.2" },
    started_ms: started,
    ready: true,
    data_dir: "/srv/hannun/data",
    listen: "127.0.0.1:8800",
    memory: {
      rss_bytes: 431 * 1024 ** 2,
      private_bytes: 171 * 1024 ** 2,
      limit_bytes: GIB,
      engine_bytes: 96 * 1024 ** 2,
    },
    disk: {
      total_bytes: 120 * GIB,
      free_bytes: view.store.free_bytes,
      reserve_bytes: view.store.reserve_bytes,
      used_bytes: view.store.used_bytes,
      refusing: false,
    },
    queues: [
      {
        name: "samples",
        rows: 1_204,
        bytes: 41_000,
        bytes_max: 64 * 1024 ** 2,
        commits: 9_310,
        rows_written: 12_240_331,
        rows_dropped: trouble ? 1_204 : 0,
        commit_ms_p50: 7.1,
        commit_ms_p99: 38.4,
        last_commit_ms: now - 700,
      },
      {
        name: "series",
        rows: 0,
        bytes: 0,
        bytes_max: 16 * 1024 ** 2,
        commits: 212,
        rows_written: 18_112,
        rows_dropped: 0,
        commit_ms_p50: 5.2,
        commit_ms_p99: 21,
        last_commit_ms: now - 64_000,
      },
    ],
    tables: [
      {
        name: "samples",
        rows: 2_140_331_220,
        bytes: 1.41 * GIB,
        parts: 41,
        bytes_per_row: 0.71,
        oldest_ms: now - 12 * 24 * HOUR,
        newest_ms: now - 2_000,
      },
      {
        name: "series",
        rows: 18_112,
        bytes: 1.2 * 1024 ** 2,
        parts: 3,
        bytes_per_row: 69,
        oldest_ms: null,
        newest_ms: null,
      },
      { name: "metadata", rows: 612, bytes: 48_000, parts: 1, bytes_per_row: 78, oldest_ms: null, newest_ms: null },
    ],
    outcomes: [
      {
        signal: "metrics",
        key: "node",
        outcome: "accepted",
        reason: "",
        hour_ms: now - (now % HOUR),
        count: 2_120_440,
      },
      {
        signal: "metrics",
        key: "hannun",
        outcome: "accepted",
        reason: "",
        hour_ms: now - (now % HOUR),
        count: 212_040,
      },
      ...(trouble
        ? [
            {
              signal: "metrics",
              key: "shop",
              outcome: "invalid",
              reason: "timestamp too old",
              hour_ms: now - (now % HOUR),
              count: 1_204,
            },
            {
              signal: "metrics",
              key: "nginx",
              outcome: "limited",
              reason: "too many labels",
              hour_ms: now - (now % HOUR) - HOUR,
              count: 17,
            },
          ]
        : []),
    ],
    retention: [{ signal: "metrics", keep_ms: 30 * 24 * HOUR, size_bytes: 90 * GIB }],
    config: {
      file: trouble ? "/srv/hannun/hannun.yml" : null,
      warnings: trouble
        ? [
            {
              file: "/srv/hannun/hannun.yml",
              line: 14,
              text: {
                ko: "`retenion` 설정은 모르는 이름이라 쓰지 않습니다. `retention`을 뜻했나요?",
                en: "`retenion` is not a setting and is not used. Did you mean `retention`?",
              },
            },
          ]
        : [],
      settings: [
        { name: "listen", value: "127.0.0.1:8800", source: "default" },
        { name: "data-dir", value: "/srv/hannun/data", source: "--data-dir" },
        { name: "retention", value: "30d", source: "default" },
        { name: "memory", value: "1GiB", source: "HANNUN_MEMORY" },
        { name: "timezone", value: "Asia/Seoul", source: "hannun.yml:3" },
        { name: "lang", value: "ko", source: "hannun.yml:4" },
      ],
    },
    problems: trouble
      ? [
          {
            id: "disk-fills",
            severity: "warning",
            what: { ko: "디스크가 9일쯤 뒤 가득 찹니다", en: "The disk is full in about 9 d" },
            do: { ko: "자리를 늘리거나 보관 기간(지금 30d)을 줄이세요.", en: "Add space or keep less (now 30d)." },
            since_ms: now - 4 * HOUR,
          },
        ]
      : [],
    collectors: [
      "cpu",
      "diskstats",
      "filesystem",
      "loadavg",
      "meminfo",
      "netdev",
      "pressure",
      "processes",
      "stat",
      "time",
      "uname",
      "vmstat",
    ].map((name, i) => ({
      name,
      ok: !(trouble && name === "pressure"),
      duration_s: 0.0004 + noise(i) * 0.003,
      error: trouble && name === "pressure" ? "/proc/pressure/cpu: No such file or directory" : null,
    })),
  };
}

const people = [
  {
    id: 1,
    name: "mina",
    role: "admin",
    lang: "ko",
    timezone: "Asia/Seoul",
    created_ms: started - 90 * 24 * HOUR,
    last_seen_ms: Date.now() - 30_000,
  },
  {
    id: 2,
    name: "joon",
    role: "editor",
    lang: "ko",
    timezone: "Asia/Seoul",
    created_ms: started - 60 * 24 * HOUR,
    last_seen_ms: Date.now() - 26 * HOUR,
  },
  {
    id: 3,
    name: "wall-display",
    role: "viewer",
    lang: "en",
    timezone: "UTC",
    created_ms: started - 3 * 24 * HOUR,
    last_seen_ms: null,
  },
];
const tokens = [
  {
    id: 1,
    name: "prometheus@web",
    role: "push",
    created_ms: started - 40 * 24 * HOUR,
    last_used_ms: Date.now() - 9_000,
  },
  { id: 2, name: "ci", role: "viewer", created_ms: started - 2 * 24 * HOUR, last_used_ms: null },
];
export const store = { people, tokens };

export function session(scenario, user, base) {
  const open = !["closed", "viewer"].includes(scenario);
  const person = scenario === "viewer" ? people[2] : user;
  return {
    open,
    user: person ?? null,
    role: open ? "admin" : (person?.role ?? null),
    csrf: "mock-csrf",
    server: {
      version: "0.1.0",
      lang: "ko",
      timezone: "Asia/Seoul",
      base,
      started_ms: started,
      hostname: "mairie",
    },
  };
}

export const projects = (origin) => [
  { id: 1, name: "default", dsn: `${origin.replace("//", "//0f7c4be6a1d24f5f9a7c3b2e1d0c9b8a@")}/1` },
];
