"""`python -m hannun.compile`: compile every kernel once, so that no first request waits for the compiler.

Part of `make setup`. The machine code lies beside the modules (`__pycache__`); what is up to date is only loaded.
"""

from __future__ import annotations

from hannun.query.promql import kernels
from hannun.store.metrics import warming
from hannun.wire import exposition_text, remote_write, tsdb


def main() -> None:
    kernels.warm()
    remote_write.warm()
    exposition_text.warm()
    tsdb.warm()
    warming.warm_all()


if __name__ == "__main__":
    main()
