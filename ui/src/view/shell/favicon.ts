/** The tab's picture turns to the worst severity now: three files, because a strict CSP may forbid data addresses. */
import type { Severity } from "../../api/types.ts";

const FILE: Partial<Record<Severity, string>> = { critical: "favicon-critical.svg", warning: "favicon-warning.svg" };

export function showFavicon(severity: Severity): void {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const file = FILE[severity] ?? "favicon.svg";
  if (link && !link.href.endsWith(`/${file}`)) link.href = new URL(file, document.baseURI).href;
}
