/**
 * What a host's numbers mean, in order of how much they matter. Pure: numbers in, findings out; words are the view's.
 *
 * The limits are the ones by which the server fills the first page, so that the two never disagree about "too much";
 * this page adds what only shows here: inodes, pressure, file descriptors, load.
 */
import type { Severity } from "../../api/types.ts";

export interface Mount {
  readonly mount: string;
  readonly device: string;
  readonly takenBytes: number;
  readonly availBytes: number;
  /** Seconds until nothing is left at the pace of the last hours; null when it does not grow. */
  readonly fullInS: number | null;
  /** Share of inodes in use; null where the filesystem does not count them. */
  readonly inodes: number | null;
}

export interface Numbers {
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly load: number | null;
  readonly cores: number | null;
  readonly pressureIo: number | null;
  readonly pressureMemory: number | null;
  readonly filesOpen: number | null;
  readonly mounts: readonly Mount[];
}

export type Finding =
  | { readonly kind: "disk_full"; readonly severity: Severity; readonly mount: string; readonly used: number }
  | { readonly kind: "disk_fills"; readonly severity: Severity; readonly mount: string; readonly inS: number }
  | { readonly kind: "inodes"; readonly severity: Severity; readonly mount: string; readonly used: number }
  | {
      readonly kind: "memory" | "cpu" | "pressure_io" | "pressure_memory" | "files";
      readonly severity: Severity;
      readonly used: number;
    }
  | { readonly kind: "load"; readonly severity: Severity; readonly load: number; readonly cores: number };

const HOUR = 3600;
/** Beyond this a straight line through three hours says nothing about a disk. */
export const FORECAST_S = 7 * 24 * HOUR;

export const used = (mount: Mount): number => mount.takenBytes / Math.max(1, mount.takenBytes + mount.availBytes);

function level(value: number | null, warning: number, critical: number): Severity | null {
  if (value === null || Number.isNaN(value)) return null;
  return value >= critical ? "critical" : value >= warning ? "warning" : null;
}

function ofMount(mount: Mount): Finding[] {
  const out: Finding[] = [];
  const share = used(mount);
  const full = level(share, 0.9, 0.97);
  if (full) out.push({ kind: "disk_full", severity: full, mount: mount.mount, used: share });
  if (mount.fullInS !== null && mount.fullInS < 24 * HOUR && share > 0.5) {
    out.push({
      kind: "disk_fills",
      severity: "warning",
      mount: mount.mount,
      inS: mount.fullInS,
    });
  }
  const inodes = level(mount.inodes, 0.9, 0.98);
  if (inodes) out.push({ kind: "inodes", severity: inodes, mount: mount.mount, used: mount.inodes! });
  return out;
}

export function findings(now: Numbers): Finding[] {
  const out: Finding[] = now.mounts.flatMap(ofMount);
  // A machine that works is not broken: busy and full of caches alone never become critical.
  for (const [kind, value, warning, critical] of [
    ["memory", now.memory, 0.9, Number.POSITIVE_INFINITY],
    ["cpu", now.cpu, 0.9, Number.POSITIVE_INFINITY],
    ["pressure_memory", now.pressureMemory, 0.1, 0.4],
    ["pressure_io", now.pressureIo, 0.3, 0.7],
    ["files", now.filesOpen, 0.8, 0.95],
  ] as const) {
    const severity = level(value, warning, critical);
    if (severity) out.push({ kind, severity, used: value! });
  }
  if (now.load !== null && now.cores !== null && now.cores > 0) {
    const severity = level(now.load / now.cores, 2, 8);
    if (severity) out.push({ kind: "load", severity, load: now.load, cores: now.cores });
  }
  return out.sort((a, b) => Number(b.severity === "critical") - Number(a.severity === "critical"));
}
