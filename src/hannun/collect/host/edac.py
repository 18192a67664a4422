"""Memory errors that were corrected, or not, by controller and row."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

_KINDS = (("ce", "correctable"), ("ue", "uncorrectable"))


@collector("edac")
def edac(roots: Roots) -> list[Family]:
    built = Builder()
    for entry in roots.sys_list("devices/system/edac/mc"):
        controller = entry.removeprefix("mc")
        if not controller.isdigit():
            continue
        folder = f"devices/system/edac/mc/{entry}"
        for short, kind in _KINDS:
            row_name = f"node_edac_csrow_{kind}_errors_total"
            row_text = f"Total {kind} memory errors for this csrow."
            built.counter(
                f"node_edac_{kind}_errors_total",
                f"Total {kind} memory errors.",
                (("controller", controller),),
                roots.sys_number(f"{folder}/{short}_count"),
            )
            labels = (("controller", controller), ("csrow", "unknown"))
            built.counter(row_name, row_text, labels, roots.sys_number(f"{folder}/{short}_noinfo_count"))
            for name in roots.sys_list(folder):
                row = name.removeprefix("csrow")
                if name.startswith("csrow") and row.isdigit():
                    labels = (("controller", controller), ("csrow", row))
                    built.counter(row_name, row_text, labels, roots.sys_number(f"{folder}/{name}/{short}_count"))
    return built.families()
