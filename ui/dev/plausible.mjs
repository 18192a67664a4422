/** Series that look like a machine's: for each kind of question the labels it answers with, and a shape in the right size. */

const GIB = 1024 ** 3;
const one = (labels = {}) => [labels];
const by = (name, ...values) => values.map((value) => ({ [name]: value }));

/** Slow daily swell, a faster ripple, now and then a spike; between 0 and about 1. */
function wave(at_ms, seed, rough = 1) {
  const t = at_ms / 1000;
  const swell = 0.5 + 0.28 * Math.sin(t / 1700 + seed);
  const ripple = 0.09 * Math.sin(t / 97 + seed * 3) + 0.07 * Math.sin(t / 41 + seed * 7) * rough;
  const noise = Math.sin(t * 12.9898 + seed * 78.233) * 43758.5453;
  const spike = Math.sin(t / 733 + seed * 2) > 0.985 ? 0.5 : 0;
  return Math.max(0, swell + ripple + (noise - Math.floor(noise) - 0.5) * 0.12 * rough + spike);
}

const flat = (value) => () => value;
const swing = (least, most, rough) => (at, seed) => least + (most - least) * wave(at, seed, rough);
const MODES = {
  user: [0.12, 0.34],
  system: [0.03, 0.09],
  iowait: [0, 0.05],
  softirq: [0, 0.012],
  irq: [0, 0.004],
  steal: [0, 0.01],
  nice: [0, 0.002],
};
const NOW = Date.now();
const DISKS = {
  "/": { size: 48, taken: 20 },
  "/home": { size: 460, taken: 290 },
  "/var/lib/postgresql": { size: 180, taken: 159 },
};
const PROCESSES = ["postgres", "python3", "node", "chromium", "nginx", "redis-server", "sshd", "systemd"];

/** First match wins: [what the expression looks like, label sets, value at a moment]. */
const RULES = [
  [/count_over_time\(node_load1/, one(), flat(20)],
  [/^count\(node_cpu_seconds|count by \(cpu\)/, one(), flat(4)],
  [
    /by \(mode\) .*node_cpu/,
    by("mode", ...Object.keys(MODES)),
    (at, seed, labels) => swing(...MODES[labels.mode])(at, seed),
  ],
  [/^1 - (avg|avg by \(instance\) )\(rate\(node_cpu/, one({ instance: "mairie" }), swing(0.18, 0.42)],
  [/1 - rate\(node_cpu/, by("cpu", "0", "1", "2", "3"), swing(0.1, 0.6)],
  [
    /node_cpu_seconds_total/,
    Object.keys(MODES).flatMap((mode) => ["0", "1"].map((cpu) => ({ cpu, mode, instance: "mairie", job: "node" }))),
    (at, seed, labels) => swing(...MODES[labels.mode])(at, seed),
  ],
  [/node_load1\b/, one(), swing(0.4, 2.4)],
  [/node_load5\b/, one(), swing(0.6, 1.8, 0.3)],
  [/node_load15\b/, one(), swing(0.8, 1.4, 0.1)],
  [/^1 - node_memory_MemAvailable/, one({ instance: "mairie" }), swing(0.52, 0.66, 0.2)],
  [/MemTotal_bytes.* - node_memory_MemFree/, one(), swing(8.2 * GIB, 9.6 * GIB, 0.2)],
  [/node_memory_Cached/, one(), swing(3.8 * GIB, 4.4 * GIB, 0.2)],
  [/node_memory_Buffers/, one(), flat(0.31 * GIB)],
  [/node_memory_MemFree/, one(), swing(1.2 * GIB, 2 * GIB, 0.2)],
  [/SwapTotal_bytes\{[^}]*\} - /, one(), swing(0.1 * GIB, 0.3 * GIB, 0.1)],
  [/SwapTotal_bytes/, one(), flat(2 * GIB)],
  [/node_memory_MemTotal/, one(), flat(16 * GIB)],
  [/node_memory_MemAvailable/, one(), swing(5.2 * GIB, 7 * GIB, 0.2)],
  [/deriv\(node_filesystem/, by("mountpoint", "/var/lib/postgresql"), flat(9 * 3600)],
  [
    /^\(node_filesystem_size.* \/ \(/,
    by("mountpoint", ...Object.keys(DISKS)),
    (at, _seed, { mountpoint }) => (DISKS[mountpoint].taken / DISKS[mountpoint].size) * (1 - (NOW - at) / 4e9),
  ],
  [/node_filesystem_files/, by("mountpoint", ...Object.keys(DISKS)), flat(0.8)],
  [
    /^\(node_filesystem_size/,
    by("mountpoint", ...Object.keys(DISKS)),
    (_at, _seed, { mountpoint }) => DISKS[mountpoint].taken * GIB,
  ],
  [
    /node_filesystem_avail/,
    by("mountpoint", ...Object.keys(DISKS)),
    (_at, _seed, { mountpoint }) => (DISKS[mountpoint].size - DISKS[mountpoint].taken) * GIB,
  ],
  [
    /node_filesystem_size/,
    by("mountpoint", ...Object.keys(DISKS)),
    (_at, _seed, { mountpoint }) => DISKS[mountpoint].size * GIB,
  ],
  [/node_disk_(read|write)_time/, by("device", "nvme0n1", "sda"), swing(0.0002, 0.006)],
  [/node_disk_io_time/, by("device", "nvme0n1", "sda"), swing(0.02, 0.3)],
  [/node_disk_(read|written)_bytes/, by("device", "nvme0n1", "sda"), swing(0.4e6, 38e6)],
  [
    /node_network_(receive|transmit)_bytes/,
    by("device", "eth0", "wg0").map((labels) => ({ ...labels, instance: "mairie" })),
    swing(0.4e6, 24e6),
  ],
  [/node_network_.*_(errs|drop)/, by("device", "eth0", "wg0"), flat(0)],
  [/CurrEstab/, one(), swing(80, 160)],
  [/TCP_tw/, one(), swing(10, 60)],
  [/node_pressure/, one(), swing(0, 0.08)],
  [/hannun_process_cpu/, by("name", ...PROCESSES), (at, seed) => (wave(at, seed) * 0.4) / (1 + (seed % 7))],
  [
    /hannun_process_.*memory/,
    by("name", ...PROCESSES),
    (at, seed) => ((0.4 + wave(at, seed, 0.1)) * GIB) / (1 + (seed % 5)),
  ],
  [
    /node_uname_info/,
    one({ nodename: "mairie", release: "6.12.48-amd64", machine: "x86_64", sysname: "Linux" }),
    flat(1),
  ],
  [/node_os_info/, one({ pretty_name: "Debian GNU/Linux 13 (trixie)", id: "debian" }), flat(1)],
  [/node_boot_time/, one(), flat(19.4 * 86_400)],
  [/node_filefd_allocated\{[^}]*\} \//, one(), flat(0.0004)],
  [/node_filefd/, one(), swing(3800, 4600, 0.2)],
  [/node_procs_blocked/, one(), (at, seed) => (wave(at, seed) > 0.9 ? 1 : 0)],
  [/node_procs_running/, one(), (at, seed) => Math.round(1 + 3 * wave(at, seed))],
  [/node_context_switches/, one(), swing(4000, 18_000)],
  [/node_intr/, one(), swing(3000, 9000)],
  [/node_vmstat/, one(), swing(0, 3)],
  [/duration_seconds/, one(), swing(0.08, 0.34)],
  [
    /http_requests_total/,
    by("code", "200", "304", "404", "500").map((labels) => ({ ...labels, job: "shop" })),
    (at, seed, labels) => ({ 200: 84, 304: 21, 404: 3, 500: 0.4 })[labels.code] * (0.5 + wave(at, seed)),
  ],
  [
    /\bup\b/,
    by("job", "node", "hannun", "shop").map((labels) => ({ __name__: "up", instance: "mairie", ...labels })),
    flat(1),
  ],
];

const hash = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);

/** Cumulative buckets of a latency that swells and falls. */
function buckets(moments) {
  return ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"].map((le, place) => ({
    labels: { le },
    values: moments.map((at) => {
      const middle = 4 + 2 * Math.sin(at / 1_200_000);
      return Math.round(400 / (1 + Math.exp(middle - place)));
    }),
  }));
}

/** The series of one question. A fold around it (`sum(`, `avg(`) leaves one; an unknown name leaves none. */
export function seriesFor(expr, moments) {
  if (/^sum by \(le\)/.test(expr)) return buckets(moments);
  const rule = RULES.find(([like]) => like.test(expr));
  if (!rule) return [];
  const [, labelSets, value] = rule;
  const sets = /^(sum|avg|max|count)\(/.test(expr) ? labelSets.slice(0, 1).map(() => ({})) : labelSets;
  return sets.map((labels, k) => {
    const seed = (hash(expr) % 97) + k * 13;
    return { labels, values: moments.map((at) => value(at, seed, labelSets[k])) };
  });
}
