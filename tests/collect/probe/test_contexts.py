"""TLS contexts are kept, and made anew when a file of theirs changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hannun.collect.http_client import FetchError
from hannun.collect.probe.contexts import KEPT_MAX, context_for
from hannun.config.http_client import TlsConfig


async def test_one_context_serves_many_probes() -> None:
    config = TlsConfig()
    assert await context_for(config) is await context_for(config)
    assert await context_for(config, ["h2"]) is not await context_for(config)


async def test_a_certificate_that_was_replaced_counts_from_the_next_probe(targets: Any, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(targets.ca_file.read_bytes())
    config = TlsConfig(ca_file=file)
    before = await context_for(config)
    os.utime(file, (1, 1))
    after = await context_for(config)
    assert after is not before
    assert await context_for(config) is after
    file.write_text("nonsense")
    with pytest.raises(FetchError, match=r"unable to use ca_file"):
        await context_for(config)


async def test_the_number_of_kept_contexts_is_bounded() -> None:
    configs = [TlsConfig(insecure_skip_verify=True) for _ in range(KEPT_MAX * 2)]
    made = [await context_for(config) for config in configs]
    assert len(set(map(id, made))) == len(configs)
