"""Where targets come from: one file per kind of `*_sd_configs`, each registers itself beside its code."""

from hannun.collect.discovery.registry import Discoverer, Publish, discover

__all__ = ["Discoverer", "Publish", "discover"]
