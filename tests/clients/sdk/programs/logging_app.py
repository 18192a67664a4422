"""A script that only uses logging."""

import logging
import sys

import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], release="cron@1", environment="production")
log = logging.getLogger("shop.stock")
log.info("counting")
try:
    raise LookupError("no such shelf")
except LookupError:
    log.exception("재고를 셀 수 없습니다: %s", "A-7")
log.error("stock of %s is wrong by %d", "pen", 3)
sentry_sdk.flush(5)
