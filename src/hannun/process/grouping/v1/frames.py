"""What one frame of a stack says about its bug: where it is and what stands there, freed from what varies.

The same frames come with every event, so what was found is remembered by what it was found from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from hannun.process.grouping.families import WITH_SOURCE, family, is_url

CONTEXT_LENGTH_MAX = 120

_RUBY_ERB = re.compile(r"__\d{4,}_\d{4,}$")
_JAVA_MODULE = (
    (re.compile(r"^((?:sun|jdk\.internal)\.reflect\.GeneratedMethodAccessor)\d*.*$"), r"\1"),
    (re.compile(r"(sun\.reflect\.Generated(?:Serialization)?ConstructorAccessor)\d+"), r"\1<auto>"),
    (re.compile(r"(\$\$[\w_]+?CGLIB\$\$)[a-fA-F0-9]+(?:_[0-9]+)?"), r"\1<auto>"),
    (re.compile(r"(\$\$(?:EnhancerBy|FastClassBy|SpringCGLIB)\w{0,40}\$\$)[a-fA-F0-9]+"), r"\1<auto>"),
    (re.compile(r"(\$HibernateProxy\$)[\w$]{1,40}"), r"\1<auto>"),
    (re.compile(r"(\$\$_javassist)(?:_seam)?(?:_[0-9]+)?"), r"\1<auto>"),
    (re.compile(r"(\$fn__)\d+"), r"\1<auto>"),
)
_JAVASSIST = _JAVA_MODULE[-2]
_NO_NAME = frozenset({"?", "<anonymous>", "<anonymous function>", "Anonymous function"})
_POOR_PATHS = frozenset({"[native code]", "native code", "eval code", "<anonymous>"})
_RETURN_TYPE = re.compile(r"^(?:[\w:~]+\s+(?=[\w:~]+(?:<|\(|$|::)))+")


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a frame. `name`: module, filename, function or context-line. `why_not`: why it does not count."""

    name: str
    value: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """`values` are what counts, in their order. `why_not` of the whole frame: "" when it counts."""

    parts: tuple[Part, ...]
    values: tuple[str, ...]
    why_not: str = ""


def facts_of(frame: Mapping[str, Any], platform: str) -> FrameFacts:
    """`platform` is the frame's own, or that of its event."""
    data = frame.get("data")
    return _facts(
        platform,
        frame.get("abs_path") or "",
        frame.get("module") or "",
        frame.get("filename") or "",
        frame.get("function") or "",
        frame.get("raw_function") or "",
        (frame.get("context_line") or "") if platform in WITH_SOURCE else "",
        isinstance(data, Mapping) and data.get("sourcemap") is not None,
    )


@lru_cache(maxsize=16384)
def _facts(
    platform: str,
    abs_path: str,
    module: str,
    filename: str,
    function: str,
    raw_function: str,
    context_line: str,
    mapped: bool,
) -> FrameFacts:
    kind = family(platform)
    parts = []
    where = _module(module, abs_path, platform)
    if where is not None:
        parts.append(where)
    file = _filename(filename, abs_path, platform)
    if file is not None:
        if where is not None and not where.why_not and not file.why_not:
            file = replace(file, why_not="the module says it better")
        parts.append(file)
    line = _context(context_line, abs_path, function, kind)
    called = _function(function, raw_function, platform, kind)
    if called is not None:
        if kind == "javascript" and mapped and line is not None and not line.why_not and not called.why_not:
            called = replace(called, why_not="the mapped source line says it better")
        parts.append(called)
    if line is not None:
        parts.append(line)
    why_not = ""
    if kind == "javascript" and (_last_name(raw_function or function) == "eval" or abs_path in _POOR_PATHS):
        why_not = "made by the browser"
    values = tuple([part.value for part in parts if not part.why_not])
    return FrameFacts(tuple(parts), values, why_not or ("" if values else "says nothing"))


def _module(module: str, abs_path: str, platform: str) -> Part | None:
    if not module:
        return None
    if platform in ("javascript", "node") and "/" in module and abs_path.endswith(module):
        return Part("module", module, "only repeats the address")
    if platform == "java":
        if "$$Lambda$" in module:
            return Part("module", module, "generated for a lambda")
        for pattern, instead in _JAVA_MODULE:
            module = pattern.sub(instead, module)
    return Part("module", module)


def _filename(filename: str, abs_path: str, platform: str) -> Part | None:
    if not filename:
        return None
    name = re.split(r"[/\\]", filename)[-1].lower()
    if is_url(abs_path or filename):
        return Part("filename", name, "an address changes with every deployment")
    if name in ("", "<anonymous>", "[native code]"):
        return Part("filename", name, "no file")
    if platform == "java":
        name = _JAVASSIST[0].sub(_JAVASSIST[1], name)
    return Part("filename", name)


def _context(line: str, abs_path: str, function: str, kind: str) -> Part | None:
    squeezed = " ".join(line.split())
    if not squeezed:
        return None
    if len(line) > CONTEXT_LENGTH_MAX:
        return Part("context-line", squeezed[:CONTEXT_LENGTH_MAX], "too long: minified or generated")
    if kind == "javascript" and not function and is_url(abs_path):
        return Part("context-line", squeezed, "an inline script without a function")
    return Part("context-line", squeezed)


def _function(function: str, raw_function: str, platform: str, kind: str) -> Part | None:
    name = (raw_function or function) if platform == "csharp" else (function or raw_function)
    if name and not raw_function:
        name = _trimmed(name, platform, kind)
    if not name:
        return None
    match platform, kind:
        case "ruby", _:
            return Part("function", "block" if name.startswith("block ") else _RUBY_ERB.sub("", name))
        case "php", _:
            if name.startswith(("[Anonymous", "class@anonymous\x00")) and "::" not in name:
                return Part("function", name, "no name")
            return Part("function", name.rsplit("::", 1)[-1] if name.startswith("class@anonymous") else name)
        case "java", _:
            return Part("function", name, "generated for a lambda" if name.startswith("lambda$") else "")
        case _, "native":
            return Part("function", name, "no name" if name in ("<redacted>", "<unknown>") else "")
        case _, "javascript":
            short = _last_name(name)
            nameless = short in _NO_NAME or short.endswith("/<")
            return Part("function", short or name, "no name" if nameless or not short else "")
        case _:
            return Part("function", name)


def _last_name(function: str) -> str:
    """Chrome says `Object.foo`, Firefox `foo`."""
    return function.rsplit(".", 1)[-1]


def _trimmed(name: str, platform: str, kind: str) -> str:
    """A native or C# name without its return type, parameters and template arguments."""
    if platform != "csharp" and kind != "native":
        return name
    if name.startswith(("[", "-[", "+[", "<", "__", "(anonymous", "lambda")) or name in ("<redacted>", "<unknown>"):
        return name
    kept = _without_brackets(name)
    return _RETURN_TYPE.sub("", kept).strip() or name


def _without_brackets(name: str) -> str:
    """`void foo<int>(char *)::bar(x) const` -> `void foo<T>::bar`; operators keep their signs."""
    if "operator" in name:
        return name
    out: list[str] = []
    depth = {"(": 0, "<": 0}
    for letter in name:
        if letter == "<":
            if depth["<"] == 0 and depth["("] == 0:
                out.append("<T>")
            depth["<"] += 1
        elif letter == ">" and depth["<"]:
            depth["<"] -= 1
        elif letter == "(" and not depth["<"]:
            depth["("] += 1
        elif letter == ")" and depth["("] and not depth["<"]:
            depth["("] -= 1
        elif not depth["<"] and not depth["("]:
            out.append(letter)
    return re.sub(r"\s+(?:const|noexcept|volatile)$", "", "".join(out)).strip()
