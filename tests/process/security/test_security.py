"""The rules that come with Hannun, over lines as the programs write them; and the compiled pass against a plain one."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.config.security import shipped
from hannun.model.errors import BadQuery
from hannun.model.log import TextColumn
from hannun.model.security import SecurityRule
from hannun.process.security import Detector, Rule
from hannun.process.security.scan import find, find_plain, pieces

DETECTOR = Detector(shipped().rules)

LINES = {
    "Failed password for invalid user admin from 203.0.113.9 port 4711 ssh2": {"failed_login"},
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 rhost=198.51.100.7": {"failed_login"},
    'FATAL:  password authentication failed for user "shop"': {"failed_login"},
    '203.0.113.4 - - [20/Nov/2026:02:11:09 +0900] "POST /api/login HTTP/1.1" 401 32': {"failed_login"},
    '203.0.113.4 - - [20/Nov/2026:02:11:09 +0900] "POST /api/login HTTP/1.1" 200 32': set(),
    '{"level": "WARNING", "message": "로그인 실패: user=kim"}': {"failed_login"},
    "sudo:    kim : TTY=pts/0 ; PWD=/home/kim ; USER=root ; COMMAND=/bin/systemctl restart shop": {"privilege_use"},
    "su[812]: Successful su for root by kim": {"privilege_use"},
    '1.2.3.4 - - [x] "GET /index.php HTTP/1.1" 200 5 "-" "sqlmap/1.7.2#stable"': {"scanner"},
    '1.2.3.4 - - [x] "GET /.env HTTP/1.1" 404 162 "-" "curl/8"': {"scanner"},
    "loading settings from /srv/app/.env": set(),
    '1.2.3.4 - - [x] "GET /items?id=1%20UNION%20ALL%20SELECT%20name,pw HTTP/1.1" 200 1': {"sql_injection"},
    "GET /search?q=' OR '1'='1": {"sql_injection"},
    "the union of both selections was saved": set(),
    "select table_name from information_schema.tables": set(),
    '1.2.3.4 - - [x] "GET /static/../../../etc/passwd HTTP/1.1" 400 0': {"path_traversal"},
    "cd ../../build && make": set(),
    "User-Agent: ${jndi:ldap://203.0.113.66/a}": {"code_injection"},
    "open /var/lib/data: permission denied": {"access_denied"},
    "비인가 접근 시도가 감지되었습니다": {"access_denied"},
    "GET /orders 200 3 ms": set(),
    "": set(),
}


@pytest.mark.parametrize(("line", "kinds"), [pytest.param(line, kinds, id=line[:50]) for line, kinds in LINES.items()])
def test_what_a_line_speaks_of(line: str, kinds: set[str]) -> None:
    assert DETECTOR.kinds(TextColumn.of([line])).get(0, frozenset()) == kinds


def test_escaped_hangul_is_read_as_what_it_says() -> None:
    body = TextColumn.of(['{"message": "\\ub85c\\uadf8\\uc778 \\uc2e4\\ud328"}'])
    said = TextColumn.of(['{"message": "로그인 실패"}'])
    assert DETECTOR.kinds(body, said) == {0: frozenset({"failed_login"})}


def test_every_kind_has_words_in_both_languages_and_a_rule() -> None:
    found = shipped()
    assert {rule.kind for rule in found.rules} == set(found.kinds)
    assert all(text.en and text.ko for text in found.kinds.values())


def test_a_line_counts_once_per_kind() -> None:
    column = TextColumn.of(["Failed password for invalid user a", "nothing"])
    assert Counter(kind for kinds in DETECTOR.kinds(column).values() for kind in kinds) == {"failed_login": 1}


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(("k", ("abc",), ""), id="a piece of three bytes"),
        pytest.param(("k", (), ""), id="no piece"),
        pytest.param(("k", ("abcd",), "("), id="a broken expression"),
    ],
)
def test_a_rule_that_cannot_be_used_says_why(rule: tuple[str, tuple[str, ...], str]) -> None:
    with pytest.raises(BadQuery, match="k: "):
        Rule(SecurityRule(*rule))


WANTED = [("abcd", 0), ("bcda", 1), ("ABCDEF", 2), ("결제", 3), ("dddd", 4), ("; command=", 5)]


@given(st.lists(st.one_of(st.binary(max_size=40), st.text("abcdABCD결제", max_size=40).map(str.encode)), max_size=8))
def test_the_compiled_pass_finds_what_the_plain_one_finds(lines: list[bytes]) -> None:
    column = TextColumn.of(lines)
    assert find(column.data, column.offsets, pieces(WANTED)).tolist() == find_plain(lines, WANTED)
