/**
 * Every question that the hosts pages ask, in one table. Names are node_exporter's, whoever collected them.
 *
 * In an expression `$host` stands for the matchers of the host on screen and `$w` for a rate window that suits the
 * step; `askFor` fills them in. A graph that comes back without series says `absent` in its place.
 */
import type { PanelQuery } from "../../api/types.ts";
import { m } from "../../i18n/index.ts";
import { rateWindow } from "../../model/query.ts";
import type { Labels } from "../../model/series.ts";
import type { Unit } from "../../model/units.ts";

export type Section = "cpu" | "memory" | "disk" | "network" | "pressure" | "processes" | "system";

export interface Query {
  readonly expr: string;
  readonly name?: (labels: Labels) => string;
  /** Drawn below zero: what leaves, beside what arrives. */
  readonly below?: boolean;
  /** Palette index, where a colour should not come from the name. */
  readonly hue?: number;
}

export interface Panel {
  readonly id: string;
  readonly section: Section;
  readonly title: () => string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly absent: () => string;
  readonly stacked?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** Takes the whole row on a wide screen. */
  readonly wide?: boolean;
  /** Hues of known names; the first is drawn lowest in a stack. */
  readonly hues?: Readonly<Record<string, number>>;
  /** Only this many series, the greatest on average; the rest is drawn as one sum. */
  readonly most?: number;
  readonly limits?: readonly {
    readonly value: number;
    readonly severity: "warning" | "critical";
    readonly label: () => string;
  }[];
}

const label = (name: string) => (labels: Labels) => labels[name] ?? "";
const said = (text: () => string) => () => text();
const device = (text: (of: { device: string }) => string) => (labels: Labels) =>
  text({ device: labels["device"] ?? "" });

/** Virtual interfaces repeat the traffic of the real ones and would double every sum. */
const REAL_NETWORK =
  'device!~"lo|veth.*|docker.*|br-.*|virbr.*|tap.*|cali.*|flannel.*|cni.*|ifb.*|dummy.*|sit.*|tunl.*|ip6tnl.*|gre.*"';
const REAL_FILESYSTEM = 'fstype!~"tmpfs|ramfs|devtmpfs|squashfs|overlay|iso9660|erofs"';
const REAL_DISK = 'device!~"(ram|loop|fd|dm-|zram)\\\\d*"';

/** As `df` counts: blocks that only root may use are neither used nor free. */
const FREE = `node_filesystem_avail_bytes{$host,${REAL_FILESYSTEM}}`;
const TAKEN = `(node_filesystem_size_bytes{$host,${REAL_FILESYSTEM}} - node_filesystem_free_bytes{$host,${REAL_FILESYSTEM}})`;

export const PANELS: readonly Panel[] = [
  {
    id: "cpu_modes",
    section: "cpu",
    title: m.host_cpu_modes,
    unit: "ratio",
    stacked: true,
    min: 0,
    max: 1,
    wide: true,
    hues: { user: 0, system: 1, iowait: 4, steal: 3, nice: 2, softirq: 5, irq: 6 },
    queries: [{ expr: 'avg by (mode) (rate(node_cpu_seconds_total{$host,mode!="idle"}[$w]))', name: label("mode") }],
    absent: m.host_absent_cpu,
  },
  {
    id: "load",
    section: "cpu",
    title: m.host_load,
    unit: "count",
    min: 0,
    queries: [
      { expr: "node_load1{$host}", name: said(m.host_load_1), hue: 0 },
      { expr: "node_load5{$host}", name: said(m.host_load_5), hue: 2 },
      { expr: "node_load15{$host}", name: said(m.host_load_15), hue: 7 },
      { expr: 'count(count by (cpu) (node_cpu_seconds_total{$host,mode="idle"}))', name: said(m.host_cores), hue: 1 },
    ],
    absent: m.host_absent_load,
  },
  {
    id: "cores",
    section: "cpu",
    title: m.host_per_core,
    unit: "ratio",
    min: 0,
    max: 1,
    queries: [
      {
        expr: '1 - rate(node_cpu_seconds_total{$host,mode="idle"}[$w])',
        name: (labels) => m.host_core({ n: labels["cpu"] ?? "" }),
      },
    ],
    absent: m.host_absent_cpu,
  },
  {
    id: "memory",
    section: "memory",
    title: m.host_memory,
    unit: "bytes",
    stacked: true,
    min: 0,
    wide: true,
    queries: [
      {
        expr: "node_memory_MemTotal_bytes{$host} - node_memory_MemFree_bytes{$host} - node_memory_Buffers_bytes{$host} - node_memory_Cached_bytes{$host} - node_memory_SReclaimable_bytes{$host}",
        name: said(m.host_memory_used),
        hue: 0,
      },
      {
        expr: "node_memory_Cached_bytes{$host} + node_memory_SReclaimable_bytes{$host}",
        name: said(m.host_memory_cached),
        hue: 2,
      },
      { expr: "node_memory_Buffers_bytes{$host}", name: said(m.host_memory_buffers), hue: 3 },
      { expr: "node_memory_MemFree_bytes{$host}", name: said(m.host_memory_free), hue: 7 },
    ],
    absent: m.host_absent_memory,
  },
  {
    id: "swap",
    section: "memory",
    title: m.host_swap,
    unit: "bytes",
    min: 0,
    queries: [
      {
        expr: "(node_memory_SwapTotal_bytes{$host} - node_memory_SwapFree_bytes{$host}) and node_memory_SwapTotal_bytes{$host} > 0",
        name: said(m.host_swap_used),
        hue: 4,
      },
      { expr: "node_memory_SwapTotal_bytes{$host} > 0", name: said(m.host_swap_total), hue: 7 },
    ],
    absent: m.host_absent_swap,
  },
  {
    id: "faults",
    section: "memory",
    title: m.host_major_faults,
    unit: "/s",
    min: 0,
    queries: [
      { expr: "rate(node_vmstat_pgmajfault{$host}[$w])", name: said(m.host_faults), hue: 4 },
      {
        expr: "rate(node_vmstat_pswpin{$host}[$w]) + rate(node_vmstat_pswpout{$host}[$w])",
        name: said(m.host_swapping),
        hue: 1,
      },
    ],
    absent: m.host_absent_faults,
  },
  {
    id: "space",
    section: "disk",
    title: m.host_space,
    unit: "ratio",
    min: 0,
    max: 1,
    wide: true,
    queries: [
      {
        expr: `${TAKEN} / (${TAKEN} + ${FREE})`,
        name: label("mountpoint"),
      },
    ],
    limits: [{ value: 0.9, severity: "warning", label: () => "90 %" }],
    absent: m.host_absent_space,
  },
  {
    id: "disk_bytes",
    section: "disk",
    title: m.host_disk_bytes,
    unit: "bytes/s",
    queries: [
      { expr: `rate(node_disk_read_bytes_total{$host,${REAL_DISK}}[$w])`, name: device(m.host_disk_read) },
      {
        expr: `rate(node_disk_written_bytes_total{$host,${REAL_DISK}}[$w])`,
        name: device(m.host_disk_written),
        below: true,
      },
    ],
    absent: m.host_absent_disk,
  },
  {
    id: "disk_latency",
    section: "disk",
    title: m.host_disk_latency,
    unit: "seconds",
    min: 0,
    queries: [
      {
        expr: `rate(node_disk_read_time_seconds_total{$host,${REAL_DISK}}[$w]) / (rate(node_disk_reads_completed_total{$host,${REAL_DISK}}[$w]) > 0)`,
        name: device(m.host_disk_read),
      },
      {
        expr: `rate(node_disk_write_time_seconds_total{$host,${REAL_DISK}}[$w]) / (rate(node_disk_writes_completed_total{$host,${REAL_DISK}}[$w]) > 0)`,
        name: device(m.host_disk_written),
      },
    ],
    absent: m.host_absent_latency,
  },
  {
    id: "disk_busy",
    section: "disk",
    title: m.host_disk_busy,
    unit: "ratio",
    min: 0,
    max: 1,
    queries: [{ expr: `rate(node_disk_io_time_seconds_total{$host,${REAL_DISK}}[$w])`, name: label("device") }],
    absent: m.host_absent_disk,
  },
  {
    id: "network",
    section: "network",
    title: m.host_network,
    unit: "bits/s",
    wide: true,
    queries: [
      { expr: `rate(node_network_receive_bytes_total{$host,${REAL_NETWORK}}[$w]) * 8`, name: device(m.host_received) },
      {
        expr: `rate(node_network_transmit_bytes_total{$host,${REAL_NETWORK}}[$w]) * 8`,
        name: device(m.host_sent),
        below: true,
      },
    ],
    absent: m.host_absent_network,
  },
  {
    id: "network_errors",
    section: "network",
    title: m.host_network_errors,
    unit: "/s",
    min: 0,
    queries: [
      {
        expr: `rate(node_network_receive_errs_total{$host,${REAL_NETWORK}}[$w]) + rate(node_network_receive_drop_total{$host,${REAL_NETWORK}}[$w])`,
        name: device(m.host_received),
      },
      {
        expr: `rate(node_network_transmit_errs_total{$host,${REAL_NETWORK}}[$w]) + rate(node_network_transmit_drop_total{$host,${REAL_NETWORK}}[$w])`,
        name: device(m.host_sent),
      },
    ],
    absent: m.host_absent_network,
  },
  {
    id: "tcp",
    section: "network",
    title: m.host_tcp,
    unit: "count",
    min: 0,
    queries: [
      { expr: "node_netstat_Tcp_CurrEstab{$host}", name: said(m.host_tcp_open), hue: 0 },
      { expr: "node_sockstat_TCP_tw{$host}", name: said(m.host_tcp_waiting), hue: 7 },
    ],
    absent: m.host_absent_tcp,
  },
  {
    id: "pressure",
    section: "pressure",
    title: m.host_pressure,
    unit: "ratio",
    min: 0,
    wide: true,
    queries: [
      { expr: "rate(node_pressure_cpu_waiting_seconds_total{$host}[$w])", name: said(m.host_pressure_cpu), hue: 0 },
      {
        expr: "rate(node_pressure_memory_waiting_seconds_total{$host}[$w])",
        name: said(m.host_pressure_memory),
        hue: 3,
      },
      { expr: "rate(node_pressure_io_waiting_seconds_total{$host}[$w])", name: said(m.host_pressure_io), hue: 1 },
    ],
    absent: m.host_absent_pressure,
  },
  {
    id: "top_cpu",
    section: "processes",
    title: m.host_top_cpu,
    unit: "ratio",
    min: 0,
    most: 7,
    // Not topk(): it picks anew at each step, and the lines of those who come and go would be in pieces.
    queries: [{ expr: "sum by (name) (rate(hannun_process_cpu_seconds_total{$host}[$w]))", name: label("name") }],
    absent: m.host_absent_processes,
  },
  {
    id: "top_memory",
    section: "processes",
    title: m.host_top_memory,
    unit: "bytes",
    min: 0,
    most: 7,
    queries: [{ expr: "sum by (name) (hannun_process_resident_memory_bytes{$host})", name: label("name") }],
    absent: m.host_absent_processes,
  },
  {
    id: "files",
    section: "system",
    title: m.host_files,
    unit: "count",
    min: 0,
    queries: [{ expr: "node_filefd_allocated{$host}", name: said(m.host_files_open), hue: 0 }],
    absent: m.host_absent_files,
  },
  {
    id: "tasks",
    section: "system",
    title: m.host_tasks,
    unit: "count",
    min: 0,
    queries: [
      { expr: "node_procs_running{$host}", name: said(m.host_tasks_running), hue: 0 },
      { expr: "node_procs_blocked{$host}", name: said(m.host_tasks_blocked), hue: 4 },
    ],
    absent: m.host_absent_tasks,
  },
  {
    id: "switches",
    section: "system",
    title: m.host_switches,
    unit: "/s",
    min: 0,
    queries: [
      { expr: "rate(node_context_switches_total{$host}[$w])", name: said(m.host_context_switches), hue: 0 },
      { expr: "rate(node_intr_total{$host}[$w])", name: said(m.host_interrupts), hue: 7 },
    ],
    absent: m.host_absent_tasks,
  },
];

/** One number each, at the end of the range: what the host is, and how it is now. */
export const FACTS = {
  uname: "node_uname_info{$host}",
  os: "node_os_info{$host}",
  uptime: "node_time_seconds{$host} - node_boot_time_seconds{$host}",
  cores: 'count(count by (cpu) (node_cpu_seconds_total{$host,mode="idle"}))',
  cpu: '1 - avg(rate(node_cpu_seconds_total{$host,mode="idle"}[$w]))',
  // Judged over five minutes: a compiler that runs for one is no reason to wake anybody.
  // A host that has not been watched for that long is not judged yet.
  cpu_5m: '1 - avg(rate(node_cpu_seconds_total{$host,mode="idle"}[5m])) and on () (node_load1{$host} offset 5m)',
  load_5m: "node_load5{$host}",
  memory: "1 - node_memory_MemAvailable_bytes{$host} / node_memory_MemTotal_bytes{$host}",
  memory_total: "node_memory_MemTotal_bytes{$host}",
  load: "node_load1{$host}",
  pressure_io: "rate(node_pressure_io_waiting_seconds_total{$host}[$w])",
  pressure_memory: "rate(node_pressure_memory_waiting_seconds_total{$host}[$w])",
  fs_taken: TAKEN,
  fs_avail: FREE,
  fs_files: `node_filesystem_files_free{$host,${REAL_FILESYSTEM}} / (node_filesystem_files{$host,${REAL_FILESYSTEM}} > 0)`,
  // A forecast from less than an hour of data would cry wolf after every restart.
  fs_full_in: `(${FREE} / (-deriv(${FREE}[3h]) > 0)) and (${FREE} offset 1h)`,
  files_open: "node_filefd_allocated{$host} / node_filefd_maximum{$host}",
  /** Readings in five minutes: how often this host reports, and so how wide a rate must look. */
  readings: "count_over_time(node_load1{$host}[5m])",
} as const satisfies Record<string, string>;

export type Fact = keyof typeof FACTS;

/** What the list of hosts asks beside the overview: one line per host. */
export const LIST = {
  cpu: '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$w]))',
  memory: "max by (instance) (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
  network: `sum by (instance) (rate(node_network_receive_bytes_total{${REAL_NETWORK}}[$w]) + rate(node_network_transmit_bytes_total{${REAL_NETWORK}}[$w])) * 8`,
} as const satisfies Record<string, string>;

/** Fills an expression's `$host` and `$w`; `scrapeS` is how often the host reports. */
export function filled(expr: string, instance: string, stepS: number, scrapeS: number): string {
  return expr.replaceAll("$host", `instance=${JSON.stringify(instance)}`).replaceAll("$w", rateWindow(stepS, scrapeS));
}

/** The whole page of a host as one list of questions; ids are `panel/index` and `fact/name`. */
export function askFor(instance: string, stepS: number, scrapeS: number): PanelQuery[] {
  return [
    ...PANELS.flatMap((panel) =>
      panel.queries.map((query, i) => ({ id: `${panel.id}/${i}`, expr: filled(query.expr, instance, stepS, scrapeS) })),
    ),
    ...Object.entries(FACTS).map(([name, expr]) => ({
      id: `fact/${name}`,
      expr: filled(expr, instance, stepS, scrapeS),
      instant: true,
    })),
  ];
}
