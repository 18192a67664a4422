/** Findings as sentences. */
import { format, type Locale, m } from "../../i18n/index.ts";
import { formatValue } from "../../model/units.ts";
import type { Finding } from "./verdict.ts";

export function sentence(finding: Finding, lang: Locale): string {
  const share = (value: number): string => formatValue(Math.round(value * 1000) / 1000, "ratio", lang);
  switch (finding.kind) {
    case "disk_full":
      return m.need_disk_full({ mount: finding.mount, share: share(finding.used) });
    case "disk_fills":
      return m.need_disk_fills({ mount: finding.mount, span: format.duration(finding.inS) });
    case "inodes":
      return m.need_inodes({ mount: finding.mount, share: share(finding.used) });
    case "memory":
      return m.need_memory({ share: share(finding.used) });
    case "cpu":
      return m.need_cpu({ share: share(finding.used) });
    case "pressure_io":
      return m.need_pressure_io({ share: share(finding.used) });
    case "pressure_memory":
      return m.need_pressure_memory({ share: share(finding.used) });
    case "files":
      return m.need_files({ share: share(finding.used) });
    case "load":
      return m.need_load({ load: formatValue(finding.load, "count", lang), cores: finding.cores });
  }
}
