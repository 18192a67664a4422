/** Metric names and series that look like a machine's, for the mock server. */
import { seriesFor } from "./plausible.mjs";

const names = [
  ["node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.", "seconds", 32],
  ["node_memory_MemAvailable_bytes", "gauge", "Memory information field MemAvailable_bytes.", "bytes", 1],
  ["node_memory_MemTotal_bytes", "gauge", "Memory information field MemTotal_bytes.", "bytes", 1],
  ["node_filesystem_avail_bytes", "gauge", "Filesystem space available to non-root users in bytes.", "bytes", 4],
  ["node_filesystem_size_bytes", "gauge", "Filesystem size in bytes.", "bytes", 4],
  ["node_network_receive_bytes_total", "counter", "Network device statistic receive_bytes.", "bytes", 3],
  ["node_network_transmit_bytes_total", "counter", "Network device statistic transmit_bytes.", "bytes", 3],
  ["node_disk_read_bytes_total", "counter", "The total number of bytes read successfully.", "bytes", 2],
  ["node_disk_written_bytes_total", "counter", "The total number of bytes written successfully.", "bytes", 2],
  ["node_load1", "gauge", "1m load average.", "", 1],
  ["node_load5", "gauge", "5m load average.", "", 1],
  [
    "node_pressure_cpu_waiting_seconds_total",
    "counter",
    "Total time in seconds that processes have waited for CPU time.",
    "seconds",
    1,
  ],
  [
    "node_pressure_io_stalled_seconds_total",
    "counter",
    "Total time in seconds no process could make progress due to IO congestion.",
    "seconds",
    1,
  ],
  ["hannun_process_cpu_seconds_total", "counter", "CPU time of the processes of one name.", "seconds", 12],
  ["hannun_process_memory_bytes", "gauge", "Resident memory of the processes of one name.", "bytes", 12],
  ["hannun_write_queue_bytes", "gauge", "Bytes waiting to be committed.", "bytes", 2],
  ["http_requests_total", "counter", "Requests answered.", "", 84],
  ["http_request_duration_seconds_bucket", "histogram", "How long requests took.", "seconds", 924],
  ["up", "gauge", "Whether the last scrape of the target worked.", "", 6],
];

export function metrics(search, limit) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = names.filter(([name]) => words.every((word) => name.toLowerCase().includes(word)));
  return {
    metrics: found.slice(0, limit).map(([name, type, help, unit, series]) => ({ name, type, help, unit, series })),
    total: found.length,
  };
}

export const knownMetric = (name) => names.find(([one]) => one === name);

/** Names that share their beginning: enough to have something to offer. */
const nearest = (word) =>
  names
    .map(([name]) => name)
    .filter((name) => name.slice(0, 4) === word.slice(0, 4))
    .slice(0, 5);

export function panels({ start_ms, end_ms, step_ms, queries }) {
  return {
    results: queries.map(({ id, expr, instant }) => {
      const step = instant ? 1 : step_ms;
      const start = instant ? end_ms : start_ms;
      const steps = instant ? 1 : Math.floor((end_ms - start_ms) / step_ms) + 1;
      const answer = {
        id,
        start_ms: start,
        step_ms: step,
        steps,
        series: [],
        warnings: [],
        infos: [],
        truncated: false,
      };
      if (expr.split("(").length < expr.split(")").length)
        return { ...answer, error: `1:${expr.length}: parse error: unexpected right parenthesis ')'` };
      if (expr.split("(").length > expr.split(")").length)
        return { ...answer, error: `1:${expr.length + 1}: parse error: unclosed left parenthesis` };
      const word = /^\s*([a-z_:][a-z0-9_:]*)\s*$/i.exec(expr)?.[1];
      const unknown = word && !knownMetric(word);
      return {
        ...answer,
        unknown_metrics: unknown ? [{ name: word, nearest: nearest(word) }] : [],
        series: seriesFor(
          expr,
          Array.from({ length: steps }, (_, i) => start + i * step),
        ),
      };
    }),
  };
}

export const functions = [
  ["rate", ["range-vector"], "Growth per second of a counter.", "카운터가 1초에 얼마나 늘었는지."],
  ["increase", ["range-vector"], "Growth of a counter over the range.", "구간 동안 카운터가 늘어난 양."],
  [
    "histogram_quantile",
    ["scalar", "instant-vector"],
    "A quantile out of histogram buckets.",
    "히스토그램 버킷에서 분위수를 구합니다.",
  ],
]
  .map(([name, args, en, ko]) => ({ name, args, returns: "instant-vector", doc: { en, ko }, kind: "function" }))
  .concat([
    {
      name: "sum",
      args: ["instant-vector"],
      returns: "instant-vector",
      doc: { en: "The sum of each group.", ko: "묶음마다 더한 값." },
      kind: "aggregation",
    },
  ]);

export function prometheus(path, params) {
  const ok = (data) => ({ status: "success", data });
  if (path.endsWith("/labels")) return ok(["__name__", "device", "instance", "job", "mode", "name"]);
  const label = path.match(/\/label\/([^/]+)\/values$/)?.[1];
  if (label === "__name__") return ok(names.map(([name]) => name));
  if (label)
    return ok(
      { instance: ["mairie"], job: ["node", "hannun"], mode: ["user", "system", "idle"], device: ["eth0", "lo"] }[
        label
      ] ?? [],
    );
  if (path.endsWith("/metadata"))
    return ok(Object.fromEntries(names.map(([name, type, help, unit]) => [name, [{ type, help, unit }]])));
  if (path.endsWith("/series"))
    return ok([{ __name__: params.get("match[]") ?? "up", job: "node", instance: "mairie" }]);
  return null;
}
