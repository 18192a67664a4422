/** The one way to the server: typed fetch, the server's own words when it says no.
 *
 * A path without a leading slash is Hannun's own API (`overview` → `<base>/api/hannun/v1/overview`); one with a slash
 * is from the server's base (`/api/v1/labels`). Views do not call this in a loop: see `state/resource.svelte.ts`.
 */
import { locale } from "../i18n/locale.svelte.ts";
import { m } from "../i18n/paraglide/messages.js";

export class ApiError extends Error {
  readonly status: number;
  readonly hint: string;

  constructor(status: number, message: string, hint = "") {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.hint = hint;
  }
}

export type Params = Record<string, string | number | boolean | readonly string[] | null | undefined>;

let csrf = "";
let onUnauthorized: () => void = () => {};

/** The token that the session carries; every changing request needs it. */
export function useCsrf(token: string): void {
  csrf = token;
}

export function whenUnauthorized(act: () => void): void {
  onUnauthorized = act;
}

/** The address of an API path under this server's base. */
export function apiUrl(path: string, params: Params = {}): URL {
  const url = new URL(path.startsWith("/") ? path.slice(1) : `api/hannun/v1/${path}`, document.baseURI);
  for (const [key, value] of Object.entries(params)) {
    if (value === null || value === undefined) continue;
    if (Array.isArray(value)) for (const one of value) url.searchParams.append(key, one);
    else url.searchParams.set(key, String(value));
  }
  return url;
}

async function send<T>(
  method: string,
  path: string,
  options: { params?: Params; body?: unknown; signal?: AbortSignal },
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": locale.current };
  const init: RequestInit = { method, headers, credentials: "same-origin", signal: options.signal ?? null };
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  if (method !== "GET" && csrf) headers["X-Hannun-CSRF"] = csrf;
  let answer: Response;
  try {
    answer = await fetch(apiUrl(path, options.params), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, m.api_unreachable(), m.api_unreachable_hint());
  }
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  if (answer.status === 401 && path !== "login") onUnauthorized();
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<ApiError> {
  try {
    const said: unknown = await answer.json();
    if (said && typeof said === "object" && "error" in said) {
      return new ApiError(answer.status, String(said.error), "hint" in said ? String(said.hint ?? "") : "");
    }
  } catch {
    // a proxy between us may answer with a page of its own
  }
  return new ApiError(
    answer.status,
    m.api_refused({ status: answer.status }),
    answer.status >= 500 ? m.api_refused_hint() : "",
  );
}

export const api = {
  get: <T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> =>
    send<T>("GET", path, with_({ params, signal })),
  post: <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
    send<T>("POST", path, with_({ body, signal })),
  patch: <T>(path: string, body: unknown): Promise<T> => send<T>("PATCH", path, { body }),
  delete: (path: string): Promise<void> => send<void>("DELETE", path, {}),
  deleteWith: (path: string, body: unknown): Promise<void> => send<void>("DELETE", path, { body }),
};

function with_(options: { params?: Params | undefined; body?: unknown; signal?: AbortSignal | undefined }) {
  const kept: { params?: Params; body?: unknown; signal?: AbortSignal } = {};
  if (options.params) kept.params = options.params;
  if (options.body !== undefined) kept.body = options.body;
  if (options.signal) kept.signal = options.signal;
  return kept;
}
