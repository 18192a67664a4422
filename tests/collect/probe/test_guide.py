"""The guide's examples are files that we read without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.config.blackbox.load import load as load_blackbox
from hannun.config.prometheus.load import load as load_prometheus
from hannun.testing.pages import LANGS, pages

BLOCKS = [
    pytest.param(block.text, id=f"{page.lang} {number}")
    for lang in LANGS
    for page in pages(lang)
    if page.name == "guide/probes.md"
    for number, block in enumerate((block for block in page.blocks if block.kind == "yaml"), 1)
]


@pytest.mark.parametrize("text", BLOCKS)
def test_an_example_is_read_to_the_last_key(text: str, tmp_path: Path) -> None:
    file = tmp_path / "example.yml"
    file.write_text(text, encoding="utf-8")
    if text.startswith("modules:"):
        config, complaints = load_blackbox(file, {})
        assert len(config.modules) == 3
    else:
        _, complaints = load_prometheus(file, {})
    assert not complaints
