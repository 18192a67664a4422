/** A request of an event as a command that sends it again. Pure. */
import type { Requested } from "./event.ts";

/** In single quotes nothing has a meaning in a shell but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const said = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
/** curl writes these itself, from the address and the body. */
const OWN = new Set(["host", "content-length", "connection", "cookie", "accept-encoding"]);

/** "" when there is no address to send to. What was filtered out stands in it as it was stored. */
export function curl(it: Requested): string {
  if (!it.url) return "";
  const query = it.url.includes("?")
    ? ""
    : it.query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(said(value))}`).join("&");
  const parts = ["curl"];
  if (it.method && it.method !== "GET") parts.push(`-X ${quoted(it.method)}`);
  // `--url`: an address that begins with a dash must not become an option.
  parts.push(`--url ${quoted(query ? `${it.url}?${query}` : it.url)}`);
  for (const [name, value] of it.headers)
    if (!OWN.has(name.toLowerCase())) parts.push(`-H ${quoted(`${name}: ${said(value)}`)}`);
  if (it.cookies.length)
    parts.push(`-b ${quoted(it.cookies.map(([name, value]) => `${name}=${said(value)}`).join("; "))}`);
  if (it.body !== null && it.body !== "") parts.push(`--data-raw ${quoted(body(it))}`);
  return parts.join(" \\\n  ");
}

function body(it: Requested): string {
  const type = it.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const isForm = typeof type === "string" && type.includes("x-www-form-urlencoded");
  if (!isForm || typeof it.body !== "object" || it.body === null) return said(it.body);
  return Object.entries(it.body)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map(
        (one) => `${encodeURIComponent(name)}=${encodeURIComponent(said(one))}`,
      ),
    )
    .join("&");
}
