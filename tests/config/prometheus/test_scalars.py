"""Words as Go's YAML decoder and Prometheus's own types read them."""

from __future__ import annotations

import pytest

from hannun.config.prometheus import scalars
from hannun.config.values import BadValue
from hannun.config.yaml import Scalar


@pytest.mark.parametrize(
    ("words", "value"),
    [
        pytest.param("0", 0, id="zero"),
        pytest.param("1_000", 1000, id="underscores"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("0o17", 15, id="octal as YAML 1.2 writes it"),
        pytest.param("0777", 511, id="octal as YAML 1.1 writes it"),
        pytest.param("0b101", 5, id="binary"),
        pytest.param("+7", 7, id="a plus"),
        pytest.param("1e3", 1000, id="an exponent"),
        pytest.param("1.9", 1, id="a fraction is cut, as Go cuts it"),
        pytest.param("18446744073709551615", 2**64 - 1, id="the largest"),
    ],
)
def test_whole_numbers(words: str, value: int) -> None:
    assert scalars.whole(Scalar(1, words)) == value


@pytest.mark.parametrize(
    "node",
    [
        pytest.param(Scalar(1, "10", plain=False), id="quoted"),
        pytest.param(Scalar(1, "-1"), id="below 0"),
        pytest.param(Scalar(1, "1e30"), id="too large"),
        pytest.param(Scalar(1, "0x"), id="no digits"),
        pytest.param(Scalar(1, "many"), id="a word"),
        pytest.param(Scalar(1, "9" * 400), id="400 digits"),
        pytest.param(Scalar(1, "1e999"), id="beyond a float"),
    ],
)
def test_what_is_no_whole_number(node: Scalar) -> None:
    with pytest.raises(BadValue):
        scalars.whole(node)


@pytest.mark.parametrize(
    ("words", "size"),
    [
        pytest.param("0", 0, id="zero"),
        pytest.param("1B", 1, id="bytes"),
        pytest.param("10MB", 10 << 20, id="MB is a power of 1024"),
        pytest.param("10MiB", 10 << 20, id="MiB too"),
        pytest.param("1.5KB", 1536, id="a fraction"),
        pytest.param("1GB512MB", (1 << 30) + (512 << 20), id="two parts"),
        pytest.param("4EB", 4 << 60, id="the largest unit"),
    ],
)
def test_sizes(words: str, size: int) -> None:
    assert scalars.size(words) == size


@pytest.mark.parametrize("words", ["", "10", "10 MB", "10kB", "10mb", "-1MB", "1GiB1MB", "9EB", "MB", "1e3MB"])
def test_what_is_no_size(words: str) -> None:
    with pytest.raises(BadValue):
        scalars.size(words)


@pytest.mark.parametrize(
    ("words", "ms"),
    [
        pytest.param("5s", 5_000, id="seconds"),
        pytest.param("1.5s", 1_500, id="a fraction"),
        pytest.param("1m0.5s", 60_500, id="two parts"),
        pytest.param("2h", 7_200_000, id="hours"),
        pytest.param("500us", 0, id="below a millisecond"),
        pytest.param("0", 0, id="zero"),
        pytest.param("-1s", -1_000, id="negative"),
    ],
)
def test_go_durations(words: str, ms: int) -> None:
    assert scalars.go_duration(words) == ms


@pytest.mark.parametrize("words", ["", "5", "1d", "s", "1s2", "1 s", "9" * 18 + "h"])
def test_what_is_no_go_duration(words: str) -> None:
    with pytest.raises(BadValue):
        scalars.go_duration(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "a",
        "/a:b",
        "//h:1",
        "http://h",
        "http://h:80/x?y#z",
        "http://[::1]:80",
        "unix:///a",
        "mailto:a",
        "http://h:99999999",
        "a?b:c",
    ],
)
def test_urls_that_go_takes(words: str) -> None:
    assert scalars.url(words) == words


@pytest.mark.parametrize(
    "words",
    [
        "1.2.3.4:80/x",
        "http://h:x",
        "http://[::1",
        ":80",
        "http://a b/",
        "http://a/%zz",
        "a\nb",
    ],
)
def test_urls_that_go_refuses(words: str) -> None:
    with pytest.raises(BadValue):
        scalars.url(words)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("http://u:p@h/", "http://u:xxxxx@h/", id="user and password"),
        pytest.param("http://u:p:q@h/", "http://u:xxxxx@h/", id="a colon in the password"),
        pytest.param("http://u@h/", "http://u@h/", id="no password"),
        pytest.param("http://h:80/a@b", "http://h:80/a@b", id="an @ in the path"),
        pytest.param("http://u:p@h/?a=b:c@d", "http://u:xxxxx@h/?a=b:c@d", id="an @ in the query"),
        pytest.param("http://u:p@q@h/", "http://u:xxxxx@h/", id="an @ in the password"),
    ],
)
def test_passwords_in_urls_are_hidden(address: str, shown: str) -> None:
    assert scalars.redacted(address) == shown


def test_a_regex_is_tried_in_the_form_that_prometheus_compiles() -> None:
    assert scalars.regex("a)|(b") == "a)|(b"
    with pytest.raises(BadValue, match="error parsing regexp"):
        scalars.loose_regex("a)|(b")
    with pytest.raises(BadValue, match="longer than"):
        scalars.regex("a" * 100_000)
