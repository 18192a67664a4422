from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.release import compare, is_release, parse


@pytest.mark.parametrize(
    ("text", "package", "numbers", "prerelease", "build"),
    [
        pytest.param("shop@1.2.3", "shop", (1, 2, 3, 0), "", "", id="package and version"),
        pytest.param("@scope/x@2.0", "", (), "", "", id="a slash is no release"),
        pytest.param("1.2", "", (1, 2, 0, 0), "", "", id="no package"),
        pytest.param("app@1", "app", (1, 0, 0, 0), "", "", id="one number"),
        pytest.param("app@1.2.3.4-rc.1+77", "app", (1, 2, 3, 4), "rc.1", "77", id="everything"),
        pytest.param("app@1.0rc1", "app", (1, 0, 0, 0), "rc1", "", id="Python's prerelease"),
    ],
)
def test_versions_are_read(text: str, package: str, numbers: tuple[int, ...], prerelease: str, build: str) -> None:
    version = parse(text)
    if not numbers:
        assert version is None
    else:
        assert version is not None
        assert (version.package, version.numbers, version.prerelease, version.build) == (
            package,
            numbers,
            prerelease,
            build,
        )


@pytest.mark.parametrize("text", ["20240101", "deadbeef", "1234567a", "app@12e4567890ab", "master", "1"])
def test_commits_dates_and_words_are_no_versions(text: str) -> None:
    assert is_release(text)
    assert parse(text) is None


@pytest.mark.parametrize("text", ["", ".", "..", "unknown", "app@unknown", "a/b", "a\\b", "a\nb", "x" * 201, "Unknown"])
def test_what_sentry_refuses_and_placeholders_are_no_releases(text: str) -> None:
    assert not is_release(text)
    assert compare(text, text) is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("a@1.2.3", "a@1.10.0"),
        ("a@1.0.0-rc.1", "a@1.0.0"),
        ("a@1.0.0-alpha", "a@1.0.0-alpha.1"),
        ("a@1.0.0-alpha.1", "a@1.0.0-alpha.beta"),
        ("a@1.0.0-2", "a@1.0.0-10"),
        ("a@1.0.0", "a@1.0.0+1"),
        ("a@1.0.0", "a@1.0.0.1"),
        ("1.9", "1.10"),
    ],
)
def test_order_inside_a_package(older: str, newer: str) -> None:
    assert compare(older, newer) == -1
    assert compare(newer, older) == 1


def test_across_packages_and_without_versions_nothing_is_ordered() -> None:
    assert compare("a@1.0", "b@2.0") is None
    assert compare("deadbeef", "cafe") is None
    assert compare("deadbeef", "deadbeef") == 0


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_ordered_both_ways_alike(a: str, b: str) -> None:
    one, other = compare(a, b), compare(b, a)
    assert one == (None if other is None else -other)
