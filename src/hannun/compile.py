"""`python -m hannun.compile`: compile every kernel once, so that no first request waits for the compiler.

Part of `make setup`. The machine code lies beside the modules (`__pycache__`); what is up to date is only loaded.
"""

from __future__ import annotations

from hannun.process import logs, patterns, security
from hannun.query.logql.execute import kernels as log_kernels
from hannun.query.promql import kernels
from hannun.store.logs import warming as log_store
from hannun.store.metrics import warming
from hannun.wire import elasticsearch, exposition_text, loki, otlp_logs, remote_write, tsdb


def main() -> None:
    kernels.warm()
    log_kernels.warm()
    remote_write.warm()
    exposition_text.warm()
    tsdb.warm()
    loki.warm()
    otlp_logs.warm()
    elasticsearch.warm()
    logs.warm()
    patterns.warm()
    security.warm()
    warming.warm_all()
    log_store.warm_all()


if __name__ == "__main__":
    main()
