"""`hannun user` and `hannun token` on a data folder without a server."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from hannun.model.secret import TOKEN_PREFIX, fingerprint, verify_password
from hannun.store.meta import MetaStore

PASSWORD = "correct horse"


@pytest.fixture
def meta(tmp_path: Path) -> Path:
    return tmp_path / "data" / "meta.db"


def test_the_first_user_is_made_before_the_first_start(cli: Any, meta: Path) -> None:
    result = cli("user", "add", "지은", stdin=f"{PASSWORD}\n")
    assert (result.code, result.out, result.err) == (0, "지은 is added as admin\n", "")
    store = MetaStore.open(meta)
    (account,) = store.users.all()
    assert verify_password(account.password_hash, PASSWORD)
    assert [row.action for row in store.audit.newest()] == ["user.add"]
    store.close()
    assert stat.S_IMODE(meta.parent.stat().st_mode) == 0o700


def test_later_users_read_unless_told_otherwise(cli: Any) -> None:
    cli("user", "add", "a", stdin=PASSWORD)
    assert cli("user", "add", "b", stdin=PASSWORD).out == "b is added as viewer\n"
    assert cli("user", "add", "c", "--role", "editor", stdin=PASSWORD).out == "c is added as editor\n"
    listed = cli("user", "list").out.splitlines()
    assert listed[0].split() == ["name", "role", "created", "last", "seen"]
    assert [line.split()[:2] for line in listed[1:]] == [["a", "admin"], ["b", "viewer"], ["c", "editor"]]


def test_hangul_keeps_columns_in_line(cli: Any) -> None:
    cli("user", "add", "김지은", stdin=PASSWORD)
    cli("user", "add", "bob", stdin=PASSWORD)
    head, *rows = cli("user", "list").out.splitlines()
    assert head.index("role") == 8
    assert rows[0].startswith("김지은  admin"), "three syllables are six cells wide"
    assert rows[1].startswith("bob     viewer")


@pytest.mark.parametrize(
    ("words", "stdin", "said", "code"),
    [
        pytest.param(["user", "add", "a"], PASSWORD, "there is a user a already", 1, id="taken"),
        pytest.param(["user", "add", "A"], PASSWORD, "there is a user A already", 1, id="taken in another case"),
        pytest.param(["user", "add", "x"], "", "no password was given", 1, id="no password"),
        pytest.param(["user", "add", "x"], "short", "too short", 2, id="short password"),
        pytest.param(["user", "add", "x"], "y" * 5000, "at most 1024", 1, id="endless password"),
        pytest.param(["user", "add", "a:b"], PASSWORD, "no colon", 2, id="a colon ends Basic's name"),
        pytest.param(
            ["user", "add", "a\x1b[2J"], PASSWORD, "visible characters", 2, id="a name that clears the screen"
        ),
        pytest.param(["user", "remove", "a"], "", "last admin", 1, id="the last admin stays"),
        pytest.param(["user", "role", "a", "viewer"], "", "last admin", 1, id="and stays admin"),
        pytest.param(["user", "passwd", "nobody"], PASSWORD, 'no user "nobody"', 1, id="nobody"),
        pytest.param(["token", "revoke", "nothing"], "", 'no token "nothing"', 1, id="no token"),
        pytest.param(["user", "list", "--data-dir", "elsewhere"], "", "holds no users", 1, id="an empty folder"),
        pytest.param(
            ["user", "list", "--meta", "postgresql://u:s3cret@h/d"], "", "SQLite", 2, id="PostgreSQL, not yet"
        ),
    ],
)
def test_refusals(cli: Any, words: list[str], stdin: str, said: str, code: int) -> None:
    cli("user", "add", "a", stdin=PASSWORD)
    for env in ({}, {"LANG": "ko_KR.UTF-8"}):
        result = cli(*words, stdin=stdin, **env)
        assert result.code == code
        assert result.err.count("\n") == 1
        assert "s3cret" not in result.err
        if not env:
            assert said in result.err


def test_the_first_user_cannot_be_less_than_admin(cli: Any) -> None:
    result = cli("user", "add", "a", "--role", "viewer", stdin=PASSWORD)
    assert result.code == 1
    assert "must be an admin" in result.err


def test_a_wrong_name_is_answered_with_the_near_one(cli: Any) -> None:
    cli("user", "add", "jieun", stdin=PASSWORD)
    assert "did you mean jieun?" in cli("user", "remove", "jieum").err


def test_password_role_and_removal(cli: Any, meta: Path) -> None:
    cli("user", "add", "a", stdin=PASSWORD)
    cli("user", "add", "b", stdin=PASSWORD)
    assert cli("user", "passwd", "b", stdin="another one").code == 0
    assert cli("user", "role", "B", "admin").out == "b is now admin\n"
    assert cli("user", "remove", "a").out == "a is removed\n"
    store = MetaStore.open(meta)
    (account,) = store.users.all()
    store.close()
    assert account.user.name == "b"
    assert verify_password(account.password_hash, "another one")


def test_a_token_stands_alone_on_stdout(cli: Any, meta: Path) -> None:
    result = cli("token", "create", "ci")
    made = result.out.strip()
    assert made.startswith(TOKEN_PREFIX)
    assert result.out == f"{made}\n"
    assert "not shown again" in result.err
    store = MetaStore.open(meta)
    (token,) = store.tokens.all()
    store.close()
    assert (token.name, token.role.value, token.key_hash) == ("ci", "push", fingerprint(made))


def test_a_token_for_sentrys_tools(cli: Any, meta: Path) -> None:
    made = cli("token", "create", "ci", "--sentry", "--role", "editor", "--url", "https://hannun.example/").out.strip()
    told = json.loads(base64.b64decode(made.split("_")[1]))
    assert (told["url"], told["org"]) == ("https://hannun.example", "hannun")
    store = MetaStore.open(meta)
    (token,) = store.tokens.all()
    store.close()
    assert (token.role.value, token.key_hash) == ("editor", fingerprint(made))


def test_tokens_are_listed_without_their_keys_and_revoked_by_name_or_number(cli: Any) -> None:
    made = cli("token", "create", "ci", "--role", "viewer").out.strip()
    cli("token", "create", "host-1")
    listed = cli("token", "list").out
    assert made not in listed
    assert [line.split()[:3] for line in listed.splitlines()[1:]] == [["1", "ci", "viewer"], ["2", "host-1", "push"]]
    assert cli("token", "revoke", "CI").out == "ci is revoked\n"
    assert cli("token", "revoke", "2").out == "host-1 is revoked\n"
    assert "no tokens yet" in cli("token", "list").out


def test_accounts_elsewhere(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "hannun.yml").write_text("meta: sqlite:///accounts.db\n")
    assert cli("user", "add", "a", stdin=PASSWORD).code == 0
    assert (tmp_path / "accounts.db").exists()
    assert not (tmp_path / "data").exists()


def test_a_prompt_asks_twice(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []
    answers = iter([PASSWORD, PASSWORD, PASSWORD, "different"])

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    monkeypatch.setattr("getpass.getpass", answer)
    monkeypatch.setattr("io.StringIO", Tty)
    assert cli("user", "add", "a", "--lang", "ko").code == 0
    assert asked == ["a 비밀번호: ", "한 번 더: "]
    assert "differ" in cli("user", "add", "b").err
