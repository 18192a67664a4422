/** The lines that a person pastes elsewhere so that it sends here, with this server's address in them. Pure. */

export type PushKind = "remote_write" | "alloy" | "grafana";

export interface Push {
  /** The file that the lines belong into; empty for a command. */
  file: string;
  lines: string;
}

/** `address` is the server's base without a trailing slash; `closed` adds the token that pushing then needs. */
export function pushLines(kind: PushKind, address: string, closed: boolean): Push {
  if (kind === "remote_write") {
    const token = closed ? "\n    authorization: {credentials: hnt_…}" : "";
    return { file: "prometheus.yml", lines: `remote_write:\n  - url: ${address}/api/v1/write${token}` };
  }
  if (kind === "alloy") {
    const token = closed ? '\n    bearer_token = "hnt_…"' : "";
    return {
      file: "config.alloy",
      lines: `prometheus.remote_write "hannun" {\n  endpoint {\n    url = "${address}/api/v1/write"${token}\n  }\n}`,
    };
  }
  const token = closed
    ? "\n    jsonData: {httpHeaderName1: Authorization}\n    secureJsonData: {httpHeaderValue1: Bearer hnt_…}"
    : "";
  return {
    file: "provisioning/datasources/hannun.yml",
    lines: `apiVersion: 1\ndatasources:\n  - name: Hannun\n    type: prometheus\n    url: ${address}/prometheus${token}`,
  };
}
