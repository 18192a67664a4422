from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.web.language import accepted


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("KO-kr,en;q=0.8", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.2, ko;q=0.7", "ko"),
        ("fr, ko;q=0.1", "ko"),
        ("ko;q=0, en;q=0.1", "en"),
        ("ko;q=x", None),
        ("ko;q=nan", None),
        ("ko;q=7", None),
        ("*", None),
        ("fr", None),
        ("", None),
        (None, None),
        ("ko," * 1_000, None),
    ],
)
def test_which_language_is_asked_for(header: str | None, lang: str | None) -> None:
    assert accepted(header) == lang


@given(st.text(max_size=50))
def test_no_header_makes_it_raise(header: str) -> None:
    assert accepted(header) in ("ko", "en", None)
