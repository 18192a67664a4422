"""Whose code a frame is, where the SDK did not say: the application's own, or a library's.

The rules are those by which the SDKs and Sentry's server decide: paths of installed packages and of language runtimes.
Platforms whose frames cannot be judged by a path (native code) are left to the grouping rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LIBRARY_PATHS = {
    "python": r"(?:^|/)(?:site|dist)-packages/|(?:^|/)lib/(?:python|pypy)\d?[\d.]*/|^<frozen |^<__array_function__",
    "javascript": r"(?:^|[/:@])(?:node_modules|bower_components)/|^webpack/|/webpack/bootstrap|^webpack-internal:|"
    r"^node:|^internal/|^\[native code\]$|^native$|^(?:chrome|moz|safari|safari-web|ms-browser)-extension:",
    "ruby": r"(?:^|/)(?:gems|rubygems|vendor/bundle|vendor/ruby)/|/lib/ruby/|^<internal:",
    "php": r"(?:^|/)vendor/",
    "go": r"/pkg/mod/|(?:^|/)vendor/|/(?:go|libexec)/src/|^\$?GOROOT/|^_cgo_",
    "elixir": r"(?:^|/)deps/|^lib/(?:elixir|mix|ex_unit|logger|iex)/",
    "perl": r"/(?:perl5|perllib)/",
    "rust": r"/\.cargo/registry/|^/rustc/|/rustlib/",
}
_LIBRARY_MODULES = {
    "java": r"^(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|android|androidx|dalvik|scala|groovy|jakarta|clojure)\.|"
    r"^(?:org\.(?:springframework|apache|hibernate|eclipse|jboss|junit|codehaus|slf4j|gradle)|io\.(?:netty|sentry|"
    r"reactivex|undertow|micronaut|quarkus|ktor)|com\.(?:google|fasterxml|zaxxer|android|squareup)|ch\.qos|okhttp3|"
    r"retrofit2|reactor)\.",
    "csharp": r"^(?:System|Microsoft|mscorlib|Newtonsoft|FSharp|Serilog|Giraffe|NLog|Npgsql|RabbitMQ|Hangfire)(?:\.|$)",
    "go": r"^(?:runtime|net|net/http|reflect|testing|syscall|sync|encoding|database|os|io|fmt|bufio|bytes|errors|"
    r"crypto|"
    r"github\.com/getsentry/sentry-go)(?:/|$)",
    "elixir": r"^(?:Elixir\.)?(?:GenServer|Enum|Task|Supervisor|Agent|Process|Plug|Phoenix|Ecto)(?:\.|$)|^:",
    "rust": r"^(?:std|core|alloc|backtrace|tokio|sentry|futures|rayon|hyper|actix)(?:::|_|$)",
}
_SAME = {"node": "javascript", "kotlin": "java", "scala": "java", "groovy": "java", "erlang": "elixir"}

_PATHS = {platform: re.compile(rule) for platform, rule in _LIBRARY_PATHS.items()}
_MODULES = {platform: re.compile(rule) for platform, rule in _LIBRARY_MODULES.items()}


def in_app(frame: Mapping[str, Any], platform: str) -> bool | None:
    """True: the application's own; False: a library's; None: this platform's frames do not tell."""
    platform = frame.get("platform") or platform
    platform = _SAME.get(platform, platform)
    paths, modules = _PATHS.get(platform), _MODULES.get(platform)
    if paths is None and modules is None:
        return None
    if paths is not None:
        for path in (frame.get("abs_path"), frame.get("filename")):
            if path and paths.search(path.replace("\\", "/")):
                return False
    if modules is not None:
        module = frame.get("module") or (frame.get("package") if platform == "go" else None)
        if module and modules.search(module):
            return False
        if platform == "rust" and (function := frame.get("function")) and modules.search(function):
            return False
    return True
