from __future__ import annotations

import base64
import json
import re

import pytest

from hannun.model import secret
from hannun.model.errors import ConfigError


def test_a_password_is_verified_and_its_hash_names_the_cost() -> None:
    hashed = secret.hash_password("비밀번호 여덟 글자")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert secret.verify_password(hashed, "비밀번호 여덟 글자")
    assert not secret.verify_password(hashed, "비밀번호 아홉 글자")
    assert not secret.outdated(hashed)


def test_nobodys_hash_costs_what_a_users_hash_costs() -> None:
    assert secret.NOBODY.split("$")[:4] == secret.hash_password("x" * 8).split("$")[:4]
    assert not secret.outdated(secret.NOBODY)


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$v=19$m=1,t=1,p=1$x$y"])
def test_a_hash_that_cannot_be_read_is_nobodys(hashed: str) -> None:
    assert not secret.verify_password(hashed, "password")


@pytest.mark.parametrize(
    ("password", "words"), [("seven77", "too short"), ("x" * 1025, "too long"), ("가" * 342, "too long")]
)
def test_passwords_have_bounds(password: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        secret.hash_password(password)


def test_odd_characters_are_characters() -> None:
    for password in ("\ud800 lone surrogate", "\0 NUL in front"):
        assert secret.verify_password(secret.hash_password(password), password)


def test_keys_are_long_random_and_recognisable() -> None:
    assert re.fullmatch(r"hnt_[A-Za-z0-9_-]{43}", secret.new_token())
    assert re.fullmatch(r"[0-9a-f]{32}", secret.new_dsn_key())
    assert len({secret.new_key() for _ in range(100)}) == 100


def test_a_token_for_sentrys_tools_tells_where_the_server_is() -> None:
    made = secret.new_sentry_token("https://hannun.example", "hannun", 1_800_000_000.5)
    prefix, facts, key = made.split("_")
    assert prefix == "sntrys"
    assert json.loads(base64.b64decode(facts, validate=True)) == {
        "iat": 1_800_000_000.5,
        "url": "https://hannun.example",
        "region_url": "https://hannun.example",
        "org": "hannun",
    }
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}", key)
    assert secret.new_sentry_token("", "", 0.0) != secret.new_sentry_token("", "", 0.0)


def test_a_derived_secret_is_its_keys_own() -> None:
    assert secret.derived("key", "csrf") == secret.derived("key", "csrf")
    assert len({secret.derived("key", "csrf"), secret.derived("other", "csrf"), secret.derived("key", "x")}) == 3
    assert secret.same("\ud800", "\ud800")
    assert not secret.same("a", "b")
