/** Addresses inside the app, as values: what a path means, and how one is written. No DOM, no history. */

/** What stays with the person while they walk from page to page. */
export const CARRIED = ["from", "to", "refresh", "environment", "service", "host", "release"] as const;

export type Query = Record<string, string | number | boolean | null | undefined>;

/** `/hosts/:host` against `/hosts/db-1` → `{host: "db-1"}`; null when it is another page. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i]!;
    if (part.startsWith(":")) params[part.slice(1)] = decode(value);
    else if (part !== value) return null;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % typed by hand stays as it is
  }
}

/** The path below the base: `/ops/hannun/hosts` under `/ops/hannun/` is `/hosts`. */
export function below(base: string, pathname: string): string {
  const root = base.endsWith("/") ? base : `${base}/`;
  const rest = pathname.startsWith(root)
    ? pathname.slice(root.length)
    : pathname === root.slice(0, -1)
      ? ""
      : pathname.slice(1);
  return `/${rest.replace(/\/+$/, "")}`;
}

/** The address of a page: its path under the base, the carried parameters of `here`, then its own. null removes one. */
export function address(base: string, here: URLSearchParams, path: string, query: Query = {}): string {
  const [pathname = "/", own = ""] = path.split("?", 2);
  const params = new URLSearchParams();
  for (const key of CARRIED) {
    const value = here.get(key);
    if (value) params.set(key, value);
  }
  for (const [key, value] of new URLSearchParams(own)) params.set(key, value);
  return join(base, pathname, withChanges(params, query));
}

/** The same parameters with some set, replaced or (null, undefined, "") removed. */
export function withChanges(params: URLSearchParams, changes: Query): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") next.delete(key);
    else next.set(key, String(value));
  }
  return next;
}

export function join(base: string, path: string, params: URLSearchParams): string {
  const root = base.endsWith("/") ? base : `${base}/`;
  const search = params.toString();
  return `${root}${path.replace(/^\/+/, "")}${search ? `?${search}` : ""}`;
}
