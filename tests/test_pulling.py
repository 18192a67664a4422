"""What prometheus.yml says about keeping holds where nobody told Hannun."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.config.load import load
from hannun.config.prometheus.model import PrometheusConfig
from hannun.pulling import with_retention

DAY_MS = 86_400_000
FILE = Path("prometheus.yml")


@pytest.mark.parametrize(
    ("flags", "config", "kept_ms", "size_bytes", "place"),
    [
        pytest.param({}, PrometheusConfig(FILE), 30 * DAY_MS, None, "", id="it says nothing"),
        pytest.param(
            {},
            PrometheusConfig(FILE, retention_ms=7 * DAY_MS),
            7 * DAY_MS,
            None,
            "prometheus.yml",
            id="it says how long",
        ),
        pytest.param({}, PrometheusConfig(FILE, retention_size_bytes=1 << 30), 30 * DAY_MS, 1 << 30, "", id="how much"),
        pytest.param(
            {"retention": "3d"},
            PrometheusConfig(FILE, retention_ms=7 * DAY_MS),
            3 * DAY_MS,
            None,
            "--retention",
            id="a flag wins",
        ),
    ],
)
def test_retention(
    tmp_path: Path, flags: dict[str, str], config: PrometheusConfig, kept_ms: int, size_bytes: int | None, place: str
) -> None:
    before, _ = load(flags, {}, cwd=tmp_path)
    settings = with_retention(before, config)
    assert settings.retention.metrics_ms == kept_ms
    assert settings.retention_size_bytes == (size_bytes or before.retention_size_bytes)
    assert next(one.place for one in settings.chosen if one.name == "retention.metrics") == place
