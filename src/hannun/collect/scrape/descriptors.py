"""File descriptors: each target keeps one connection, and the usual soft limit of 1,024 would end at the web server."""

from __future__ import annotations

from hannun.collect.scrape.limits import AT_ONCE_MAX

WANTED = 65_536


def at_once_max() -> int:
    """Raises this process's soft limit as far as it may; returns how many scrapes may run at once under it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return AT_ONCE_MAX
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < WANTED:
        raised = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
        except (OSError, ValueError):
            pass  # macOS refuses more than its own maximum; the bound below still holds.
    return AT_ONCE_MAX if soft == resource.RLIM_INFINITY else max(16, min(AT_ONCE_MAX, soft // 2))
