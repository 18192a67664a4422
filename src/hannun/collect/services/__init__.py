"""Databases, caches and brokers, asked as the popular exporters ask them: same names, types and labels.

One file per kind of service, each registers itself beside its code; `ServiceCollector` makes a `Source` of one.
"""

from hannun.collect.services.collector import ServiceCollector

__all__ = ["ServiceCollector"]
