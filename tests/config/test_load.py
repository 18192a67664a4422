"""Flags, variables and hannun.yml together: who wins, who said it, what is complained of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.config.complaint import Refused
from hannun.config.load import check, load
from hannun.config.machine import Machine
from hannun.config.settings import DAY_MS, Settings
from hannun.config.table import GIB, MIB, NOT_SHOWN, SETTINGS

MACHINE = Machine(memory_bytes=8 * GIB, timezone="Asia/Seoul")


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    (tmp_path / "a.pem").write_text("-")
    return tmp_path / "a.pem"


def read(
    tmp_path: Path,
    file: str | None = None,
    flags: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
) -> tuple[Settings, list[str]]:
    if file is not None:
        (tmp_path / "hannun.yml").write_text(file, encoding="utf-8")
    settings, complaints = load(flags or {}, env or {}, cwd=tmp_path, machine=MACHINE)
    return settings, [str(complaint) for complaint in complaints]


def refused(
    tmp_path: Path,
    file: str | None = None,
    flags: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
) -> list[str]:
    with pytest.raises(Refused) as caught:
        read(tmp_path, file, flags, env)
    return [str(complaint) for complaint in caught.value.complaints]


def test_without_words_the_defaults_hold(tmp_path: Path) -> None:
    settings, complaints = read(tmp_path)
    assert complaints == []
    assert settings.data_dir == tmp_path / "data"
    assert str(settings.listen) == "127.0.0.1:8800"
    assert settings.timezone == "Asia/Seoul"
    assert settings.lang == "en"
    assert settings.memory_bytes == 2 * GIB
    assert settings.disk_reserve_bytes >= GIB
    assert settings.retention_size_bytes is not None
    kept = settings.retention
    assert (kept.metrics_ms, kept.logs_ms) == (30 * DAY_MS, 30 * DAY_MS)
    assert (kept.traces_ms, kept.errors_ms) == (14 * DAY_MS, 90 * DAY_MS)
    assert {chosen.source for chosen in settings.chosen} == {"default"}


@pytest.mark.parametrize(
    ("machine_bytes", "expected"),
    [
        pytest.param(GIB // 2, 256 * MIB, id="512 MB: half of it"),
        pytest.param(GIB, 512 * MIB, id="1 GB: half"),
        pytest.param(4 * GIB, GIB, id="4 GB: 1 GiB"),
        pytest.param(16 * GIB, 4 * GIB, id="16 GB: a quarter"),
        pytest.param(256 * GIB, 8 * GIB, id="256 GB: 8 GiB"),
    ],
)
def test_memory_by_default(tmp_path: Path, machine_bytes: int, expected: int) -> None:
    settings, _ = load({}, {}, cwd=tmp_path, machine=Machine(machine_bytes))
    assert settings.memory_bytes == expected


# One pair of different values for every setting: what the file says, and what flag or variable say instead.
SAID: dict[str, tuple[str, str]] = {
    "data_dir": ("in-file", "elsewhere"),
    "listen": ("127.0.0.1:1111", "[::1]:2222"),
    "external_url": ("https://a.example", "https://b.example/x"),
    "trusted_proxies": ("10.0.0.1", "10.0.0.2,10.0.0.3"),
    "tls_cert": ("a.pem", "./a.pem"),
    "tls_key": ("a.pem", "./a.pem"),
    "prometheus_config": ("a.pem", "./a.pem"),
    "blackbox_config": ("a.pem", "./a.pem"),
    "loki_config": ("a.pem", "./a.pem"),
    "promtail_config": ("a.pem", "./a.pem"),
    "syslog_listen": ("127.0.0.1:1514", "127.0.0.1:1515"),
    "classic_ports": ("9090", "all"),
    "ingest_allow": ("192.168.0.0/16", "172.16.0.0/12"),
    "insecure_open": ("false", "true"),
    "lang": ("ko", "en"),
    "timezone": ("UTC", "Europe/Berlin"),
    "receive.body_bytes_max": ("1MiB", "2MiB"),
    "store": ("embedded", "embedded"),
    "meta": ("sqlite:///m.db", "embedded"),
    "retention": ("5d", "6d"),
    "retention.metrics": ("5d", "6d"),
    "retention.logs": ("5d", "6d"),
    "retention.traces": ("5d", "6d"),
    "retention.errors": ("5d", "6d"),
    "retention_size": ("5GB", "6%"),
    "disk_reserve": ("2GiB", "3GiB"),
    "memory": ("300MiB", "50%"),
    "enable_admin_api": ("false", "true"),
    "no_self": ("false", "true"),
    "log_level": ("error", "debug"),
    "log_format": ("text", "json"),
}


def file_of(name: str, words: str) -> str:
    """`words` for the setting, beside what it needs to be valid."""
    outer, _, inner = name.partition(".")
    line = f"{outer}:\n  {inner}: {words}\n" if inner else f"{outer}: '{words}'\n"
    other = {"tls_cert": "tls_key", "tls_key": "tls_cert"}.get(name)
    return line + (f"{other}: a.pem\n" if other else "")


def chosen(settings: Settings, name: str) -> tuple[str, str]:
    shown = "retention.metrics" if name in NOT_SHOWN else name
    found = next(each for each in settings.chosen if each.name == shown)
    return found.source, found.place


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in ("config", "admin_password")])
@pytest.mark.usefixtures("pem")
class TestEverySetting:
    def test_comes_from_the_file_with_its_line(self, tmp_path: Path, name: str) -> None:
        settings, complaints = read(tmp_path, file_of(name, SAID[name][0]))
        assert complaints == []
        assert chosen(settings, name) == ("file", "hannun.yml:2" if "." in name else "hannun.yml:1")

    def test_comes_from_a_variable_over_the_file(self, tmp_path: Path, name: str) -> None:
        variable = f"HANNUN_{name.upper().replace('.', '_')}"
        settings, complaints = read(tmp_path, file_of(name, SAID[name][0]), env={variable: SAID[name][1]})
        assert complaints == []
        assert chosen(settings, name) == ("env", variable)

    def test_comes_from_a_flag_over_both(self, tmp_path: Path, name: str) -> None:
        if SETTINGS[name].flag is None:
            return
        variable = f"HANNUN_{name.upper().replace('.', '_')}"
        settings, _ = read(
            tmp_path, file_of(name, SAID[name][0]), flags={name: SAID[name][1]}, env={variable: SAID[name][0]}
        )
        assert chosen(settings, name) == ("flag", f"--{name.replace('_', '-')}")

    def test_the_value_is_that_of_the_winner(self, tmp_path: Path, name: str) -> None:
        low, high = SAID[name]
        if low == high or name in ("tls_cert", "tls_key") or name.endswith("_config"):
            return
        variable = f"HANNUN_{name.upper().replace('.', '_')}"
        only, _ = read(tmp_path, file_of(name, low))
        both, _ = read(tmp_path, file_of(name, low), env={variable: high})
        shown = "retention.metrics" if name in NOT_SHOWN else name
        of = {each.name: each.value for each in only.chosen}, {each.name: each.value for each in both.chosen}
        assert of[0][shown] != of[1][shown]

    def test_has_words_in_both_languages(self, name: str) -> None:
        help_ = SETTINGS[name].help
        assert any("가" <= letter <= "힣" for letter in help_.ko)
        assert not any("가" <= letter <= "힣" for letter in help_.en)


def test_the_table_above_knows_every_setting() -> None:
    assert set(SAID) == set(SETTINGS) - {"config", "admin_password"}


def test_values_are_read_as_meant(tmp_path: Path, pem: Path) -> None:
    settings, complaints = read(
        tmp_path,
        """
data_dir: var
listen: "[::1]:9000"
external_url: https://example.com/watch
trusted_proxies: 10.0.0.1, 10.0.0.2
tls_cert: a.pem
tls_key: a.pem
ingest_allow:
  - 10.0.0.0/8
  - fd00::/8
retention: {metrics: 90d, errors: 0}
retention_size: 0
disk_reserve: 100MiB
memory: 1GiB
insecure_open: true
no_self: yes
lang: ko
""",
    )
    assert complaints == []
    assert settings.data_dir == tmp_path / "var", "a path in the file starts from the file's folder"
    assert settings.tls is not None
    assert settings.tls.cert == pem
    assert [str(net) for net in settings.trusted_proxies] == ["10.0.0.1/32", "10.0.0.2/32"]
    assert [str(net) for net in settings.ingest_allow] == ["10.0.0.0/8", "fd00::/8"]
    assert settings.retention.metrics_ms == 90 * DAY_MS
    assert settings.retention.errors_ms is None
    assert settings.retention.logs_ms == 30 * DAY_MS
    assert settings.retention_size_bytes is None
    assert settings.disk_reserve_bytes == 100 * MIB
    assert settings.insecure_open
    assert settings.no_self
    assert settings.lang == "ko"
    assert settings.url == "https://example.com/watch"
    assert settings.local_url == "https://[::1]:9000/watch"


@pytest.mark.parametrize(
    ("file", "flags", "env", "metrics", "logs"),
    [
        pytest.param("retention: 7d", {}, {}, 7, 7, id="one for all"),
        pytest.param("retention: {logs: 7d}", {}, {}, 30, 7, id="per signal"),
        pytest.param(
            "retention: {logs: 7d}", {"retention": "3d"}, {}, 3, 3, id="a flag for all beats the file's signal"
        ),
        pytest.param("retention: {logs: 7d}", {}, {"HANNUN_RETENTION": "3d"}, 3, 3, id="so does a variable for all"),
        pytest.param("retention: 9d", {}, {"HANNUN_RETENTION_LOGS": "3d"}, 9, 3, id="a variable for one signal"),
        pytest.param(
            "",
            {},
            {"HANNUN_RETENTION": "9d", "HANNUN_RETENTION_LOGS": "3d"},
            9,
            3,
            id="of one source the nearer word counts",
        ),
        pytest.param("", {"retention": "9d"}, {"HANNUN_RETENTION_LOGS": "3d"}, 9, 9, id="the flag beats them"),
    ],
)
def test_retention(
    tmp_path: Path, file: str, flags: dict[str, str], env: dict[str, str], metrics: int, logs: int
) -> None:
    settings, _ = read(tmp_path, file, flags, env)
    assert settings.retention.metrics_ms == metrics * DAY_MS
    assert settings.retention.logs_ms == logs * DAY_MS


@pytest.mark.parametrize(
    ("file", "env", "said"),
    [
        pytest.param(
            "retenton: 3d", {}, "hannun.yml:1: unknown key `retenton`; did you mean `retention`?", id="misspelt"
        ),
        pytest.param(
            "data-dir: x", {}, "hannun.yml:1: unknown key `data-dir`; did you mean `data_dir`?", id="with a dash"
        ),
        pytest.param(
            "retention:\n  metrix: 3d",
            {},
            "hannun.yml:2: unknown key `metrix` in `retention`; did you mean `metrics`?",
            id="misspelt inside",
        ),
        pytest.param("xyzzy: 1", {}, "hannun.yml:1: unknown key `xyzzy`", id="nothing near"),
        pytest.param(
            "listen: :1\nlisten: :2",
            {},
            'hannun.yml:2: "listen" stands here twice (first in line 1); the last one counts',
            id="twice",
        ),
        pytest.param("listen:", {}, "hannun.yml:1: `listen` has no value; the default is used", id="no value"),
        pytest.param(
            "alertmanager_config: x.yml", {}, "hannun.yml:1: unknown key `alertmanager_config`", id="of a later version"
        ),
        pytest.param(
            "",
            {"HANNUN_LISTN": ":1"},
            "HANNUN_LISTN: no such setting; did you mean HANNUN_LISTEN?",
            id="a variable misspelt",
        ),
    ],
)
def test_warnings_never_refuse(tmp_path: Path, file: str, env: dict[str, str], said: str) -> None:
    assert read(tmp_path, file, env=env)[1] == [said]


@pytest.mark.parametrize(
    ("file", "flags", "env", "said"),
    [
        pytest.param("\nlisten: banana", {}, {}, 'hannun.yml:2: "banana" is no HOST:PORT', id="a value in the file"),
        pytest.param(
            "ingest_allow:\n  - 10.0.0.0/8\n  - lan",
            {},
            {},
            'hannun.yml:3: "lan" is no network',
            id="an item of a list",
        ),
        pytest.param(None, {"listen": "banana"}, {}, '--listen: "banana" is no HOST:PORT', id="a flag"),
        pytest.param(None, {}, {"HANNUN_LISTEN": "banana"}, 'HANNUN_LISTEN: "banana" is no', id="a variable"),
        pytest.param("listen: [1]", {}, {}, "hannun.yml:1: `listen` takes a value", id="a list for one value"),
        pytest.param(
            "ingest_allow: {a: 1}",
            {},
            {},
            "hannun.yml:1: `ingest_allow` takes a value or a list",
            id="a mapping for a list",
        ),
        pytest.param("- a", {}, {}, "hannun.yml:1: expected `setting: value` lines", id="a list for the file"),
        pytest.param(
            "listen: ${NOWHERE}:1",
            {},
            {},
            'hannun.yml:1: "${NOWHERE}:1": NOWHERE is not set',
            id="a variable in a value",
        ),
        pytest.param("a: [", {}, {}, "hannun.yml:1: not YAML", id="no YAML"),
        pytest.param(
            None, {"config": "gone.yml"}, {}, '--config: "gone.yml": cannot be read: No such file', id="no such file"
        ),
        pytest.param(
            "tls_cert: hannun.yml", {}, {}, "hannun.yml:1: needs --tls-key beside it", id="a certificate without key"
        ),
        pytest.param("memory: 5MB", {}, {}, "hannun.yml:1: 4.77 MiB is too little", id="too little memory"),
        pytest.param("listen: '" + "x" * 5000 + "'", {}, {}, "longer than 4096", id="too many words"),
        pytest.param(
            "listen: banana", {"listen": ":1"}, {}, 'hannun.yml:1: "banana"', id="a mistake that is overruled"
        ),
    ],
)
def test_a_wrong_value_refuses_with_its_place(
    tmp_path: Path, file: str | None, flags: dict[str, str], env: dict[str, str], said: str
) -> None:
    assert any(said in complaint for complaint in refused(tmp_path, file, flags, env))


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    assert len(refused(tmp_path, "listen: banana\nmemory: lots\nretenton: 1d\ntimezone: Mars", {"lang": "fr"})) == 5


def test_the_first_words_of_a_refusal_count_the_rest(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        read(tmp_path, "listen: banana\nmemory: lots")
    assert str(caught.value).startswith('hannun.yml:1: "banana"')
    assert "1 more" in str(caught.value)


def test_variables_fill_values(tmp_path: Path) -> None:
    settings, _ = read(tmp_path, "listen: ${HOST:-127.0.0.1}:${PORT}", env={"PORT": "99"})
    assert str(settings.listen) == "127.0.0.1:99"


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    settings, complaints = read(tmp_path, env={"HANNUN_LISTEN": ""})
    assert complaints == []
    assert str(settings.listen) == "127.0.0.1:8800"


@pytest.mark.parametrize("variable", ["HANNUN_ADMIN_PASSWORD", "GF_SECURITY_ADMIN_PASSWORD"])
def test_the_admin_password_is_taken_and_never_shown(tmp_path: Path, variable: str) -> None:
    settings, complaints = read(tmp_path, env={variable: "s3cret-s3cret"})
    assert complaints == []
    assert settings.admin_password == "s3cret-s3cret"
    assert "s3cret" not in repr(settings)
    assert next(each for each in settings.chosen if each.name == "admin_password").value == "set"


@pytest.mark.parametrize(
    ("env", "lang"),
    [
        pytest.param({"LANG": "ko_KR.UTF-8"}, "ko", id="LANG"),
        pytest.param({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en", id="LC_ALL before LANG"),
        pytest.param({"LANG": "C", "HANNUN_LANG": "ko"}, "ko", id="our own before all"),
        pytest.param({}, "en", id="nothing"),
    ],
)
def test_the_language_by_default_is_the_environments(tmp_path: Path, env: dict[str, str], lang: str) -> None:
    assert read(tmp_path, env=env)[0].lang == lang


_WORDS = st.sampled_from(
    [
        "",
        "0",
        "1",
        "true",
        "ko",
        "30d",
        "5%",
        "1GiB",
        ":8800",
        "10.0.0.0/8",
        "a,b",
        "${X}",
        "~",
        "[1, 2]",
        "{a: 1}",
        "\x7f",
        "한",
    ]
) | st.text(max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    file=st.dictionaries(st.sampled_from([*SETTINGS, "retention", "x"]) | st.text(max_size=8), _WORDS, max_size=6),
    env=st.dictionaries(st.sampled_from([each.env[0] for each in SETTINGS.values()]), _WORDS, max_size=4),
    flags=st.dictionaries(st.sampled_from(sorted(SETTINGS)), _WORDS, max_size=4),
)
def test_any_words_anywhere_give_settings_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, file: dict[str, str], env: dict[str, str], flags: dict[str, str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "hannun.yml").write_text("".join(f"{key}: {words}\n" for key, words in file.items()), "utf-8")
    try:
        made, complaints = load(flags, env, cwd=folder, machine=MACHINE)
    except Refused as err:
        complaints = list(err.complaints)
    else:
        assert {each.name for each in made.chosen} == set(SETTINGS) - set(NOT_SHOWN)
    for complaint in complaints:
        assert complaint.say("en").isprintable()
        assert complaint.say("ko").isprintable()


class TestCheck:
    def test_a_good_file_has_nothing_to_say(self, tmp_path: Path) -> None:
        (tmp_path / "a.yml").write_text("listen: :8800\n")
        assert check(tmp_path / "a.yml", {}) == []

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            pytest.param("listen: banana", 'a.yml:1: "banana" is no HOST:PORT', id="a wrong value"),
            pytest.param(
                "scrape_configs: []\nglobal: {}", "a.yml:1: no key in it is a setting", id="somebody else's file"
            ),
            pytest.param(None, "a.yml: cannot be read", id="no file"),
        ],
    )
    def test_complaints(self, tmp_path: Path, text: str | None, said: str) -> None:
        path = tmp_path / "a.yml"
        if text is not None:
            path.write_text(text)
        found = check(path, {})
        assert len(found) == 1
        assert found[0].fatal
        assert said in str(found[0])

    def test_the_machines_own_variables_do_not_change_the_verdict(self, tmp_path: Path) -> None:
        (tmp_path / "a.yml").write_text("listen: ${WHERE}\n")
        assert check(tmp_path / "a.yml", {"WHERE": ":1", "HANNUN_LISTEN": "banana"}) == []


def test_korean_complaints_are_korean(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        read(tmp_path, "listen: banana\nretenton: 1d")
    for complaint in caught.value.complaints:
        said: Any = complaint.say("ko")
        assert said.startswith("hannun.yml:")
        assert any("가" <= letter <= "힣" for letter in said)


class TestServices:
    def test_one_url_each(self, tmp_path: Path) -> None:
        file = "services:\n  postgres: postgresql://u:${PW}@db:5432/shop\n  redis: redis://cache\n"
        settings, complaints = read(tmp_path, file, env={"PW": "s3cret"})
        assert complaints == []
        assert [(one.name, one.url.instance) for one in settings.services] == [
            ("postgres", "db:5432"),
            ("redis", "cache:6379"),
        ]
        assert "s3cret" not in repr(settings)

    def test_one_that_cannot_be_used_refuses_with_its_line(self, tmp_path: Path) -> None:
        [said] = refused(tmp_path, "services:\n  redis: redis://cache\n  db: 7\n")
        assert said.startswith("hannun.yml:3: ")
