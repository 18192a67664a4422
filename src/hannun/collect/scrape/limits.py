"""Our own bounds, for jobs that set none. A job's own limit wins in either direction; errors name its key."""

from __future__ import annotations

MIB = 1 << 20

BODY_BYTES_MAX = 64 * MIB
"""body_size_limit"""
SAMPLES_MAX = 200_000
"""sample_limit. A page of that size takes about 25 MB; the largest single exporters seen tell a tenth of it."""
LABELS_MAX = 128
"""label_limit"""
NAME_LENGTH_MAX = 1024
"""label_name_length_limit, in bytes"""
VALUE_LENGTH_MAX = 16 << 10
"""label_value_length_limit, in bytes"""
TARGETS_MAX = 10_000
"""target_limit: a discovery that went wild must not eat the machine."""
EXEMPLARS_MAX = 10_000
"""Of one scrape."""
EXEMPLAR_LENGTH_MAX = 128
"""Characters of all names and values of one exemplar (OpenMetrics 1.0)."""
AT_ONCE_MAX = 2_000
"""Scrapes under way at the same time in the whole process: each hanging one costs a socket."""
FUTURE_MS = 600_000
"""A sample with a time of its own further ahead is out of bounds, as in Prometheus."""
