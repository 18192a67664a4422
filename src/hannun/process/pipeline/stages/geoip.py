"""`geoip`: where an address is, out of a MaxMind database. Hannun reads none yet, and says so where it is asked to."""

from __future__ import annotations

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, stage


@stage("geoip")
def _geoip(options: Options, context: Context) -> Stage:
    options.needed("db")
    options.needed("source")
    if options.text("db_type") not in ("city", "asn", "country"):
        raise options.wrong(
            "db type should be either city, asn or country", "db_type은 city, asn, country 가운데 하나로 적어 주세요"
        )
    raise options.wrong("databases of addresses are not read", "IP 주소 데이터베이스는 읽지 않습니다")
