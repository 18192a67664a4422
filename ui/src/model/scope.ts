/** Which labels name the service, environment, host and release of a series: the server's own rules, for choosing.
 *
 * Each ecosystem has its own word; the first of a list that a series carries is the one that counts.
 */
import type { ScopeName } from "../state/scope.svelte.ts";

export const LABELS: Record<ScopeName, readonly string[]> = {
  environment: ["environment", "env", "deployment_environment_name", "deployment_environment"],
  service: ["job", "service_name", "service"],
  host: ["instance", "host", "hostname", "nodename"],
  release: ["release", "service_version", "app_version"],
};

const PORT = /^(.+):\d+$/;

/** The choices that the values of those labels make: hosts without their ports, in the order in which people count. */
export function choices(name: ScopeName, values: readonly string[]): string[] {
  const shown = values.map((value) =>
    name === "host" ? hostOf(value) : name === "service" ? value.slice(value.lastIndexOf("/") + 1) : value,
  );
  const collator = new Intl.Collator(undefined, { numeric: true });
  return [...new Set(shown.filter(Boolean))].sort(collator.compare);
}

/** `web-1:9100` → `web-1`, `[::1]:9100` → `::1`; a bare IPv6 address stays whole. */
export function hostOf(instance: string): string {
  if (instance.startsWith("[")) return instance.slice(1, instance.indexOf("]"));
  const name = PORT.exec(instance)?.[1];
  return name && !name.includes(":") ? name : instance;
}
