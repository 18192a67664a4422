"""sprig's functions over text: the text comes last, so that it can come through a pipe."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from typing import Any

from hannun.gotemplate.bounds import check_length
from hannun.gotemplate.builtins import as_text
from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.functions import regexes
from hannun.gotemplate.functions.go_text import replace as replace_in
from hannun.gotemplate.functions.go_text import trim_space
from hannun.gotemplate.functions.registry import Set, into
from hannun.gotemplate.go_numbers import go_quote
from hannun.gotemplate.printing import show
from hannun.gotemplate.values import ANY, MISSING, plain

TEXTS: Set = {}
named = into(TEXTS)
_WORD_START = re.compile(r"(?<![\w])\w")
_WORDS = re.compile(r"\S+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

named("lower", "string")(str.lower)
named("upper", "string")(str.upper)
named("trim", "string")(trim_space)


def text_of(value: Any) -> str:
    """sprig's `strval`."""
    value = plain(value)
    return value if isinstance(value, str) else show(value)


named("toString", ANY)(text_of)


@named("title", "string")
def title(text: str) -> str:
    return _WORD_START.sub(lambda found: found.group().upper(), text)


@named("untitle", "string")
def untitle(text: str) -> str:
    return _WORD_START.sub(lambda found: found.group().lower(), text)


@named("trunc", "int", "string")
def trunc(length: int, text: str) -> str:
    """The first letters, or with a negative length the last. Counted in letters, so that 한글 is not cut in two."""
    if length < 0:
        return text[length:] if len(text) + length > 0 else text
    return text[:length]


@named("substr", "int", "int", "string")
def substr(start: int, end: int, text: str) -> str:
    if start < 0:
        return text[:end] if end >= 0 else ""
    return text[start:] if end < 0 or end > len(text) else text[start:end]


@named("contains", "string", "string")
def contains(part: str, text: str) -> bool:
    return part in text


@named("hasPrefix", "string", "string")
def has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


@named("hasSuffix", "string", "string")
def has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


@named("indent", "int", "string")
def indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise FunctionError("strings: negative Repeat count")
    check_length((text.count("\n") + 1) * spaces + len(text))
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


@named("nindent", "int", "string")
def nindent(spaces: int, text: str) -> str:
    return "\n" + indent(spaces, text)


@named("replace", "string", "string", "string")
def replace(old: str, new: str, text: str) -> str:
    return replace_in(text, old, new, -1)


@named("repeat", "int", "string")
def repeat(count: int, text: str) -> str:
    if count < 0:
        raise FunctionError("strings: negative Repeat count")
    check_length(count * len(text))
    return text * count


@named("trimAll", "string", "string")
def trim_all(letters: str, text: str) -> str:
    return text.strip(letters) if letters else text


@named("trimSuffix", "string", "string")
def trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


@named("trimPrefix", "string", "string")
def trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


@named("nospace", "string")
def nospace(text: str) -> str:
    return "".join(text.split())


@named("initials", "string")
def initials(text: str) -> str:
    return "".join(word[0] for word in _WORDS.findall(text))


@named("abbrev", "int", "string")
def abbrev(width: int, text: str) -> str:
    if width < 4 or len(text) <= width:
        return text
    return text[: width - 3] + "..."


@named("wrap", "int", "string")
def wrap(width: int, text: str) -> str:
    """Lines broken at spaces; a word longer than the width stays whole."""
    lines: list[str] = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\n".join(lines)


@named("snakecase", "string")
def snakecase(text: str) -> str:
    return re.sub(r"[\s\-_]+", "_", _CAMEL.sub("_", text)).lower()


@named("kebabcase", "string")
def kebabcase(text: str) -> str:
    return snakecase(text).replace("_", "-")


@named("camelcase", "string")
def camelcase(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\s\-_]+", text))


@named("quote", ANY, variadic=True)
def quote(*values: Any) -> str:
    return " ".join(go_quote(text_of(value)) for value in values if value is not None and value is not MISSING)


@named("squote", ANY, variadic=True)
def squote(*values: Any) -> str:
    return " ".join(f"'{text_of(value)}'" for value in values if value is not None and value is not MISSING)


@named("cat", ANY, variadic=True)
def cat(*values: Any) -> str:
    return " ".join(as_text((value,)) for value in values if value is not None and value is not MISSING)


@named("b64enc", "string")
def b64enc(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


@named("b64dec", "string")
def b64dec(text: str) -> str:
    """sprig gives the words of a mistake as the result."""
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        bad = re.search(r"[^A-Za-z0-9+/]", text)
        return f"illegal base64 data at input byte {bad.start() if bad is not None else len(text) // 4 * 4}"


@named("sha256sum", "string")
def sha256sum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@named("sha1sum", "string")
def sha1sum(text: str) -> str:
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


@named("sha512sum", "string")
def sha512sum(text: str) -> str:
    return hashlib.sha512(text.encode("utf-8", "replace")).hexdigest()


@named("adler32sum", "string")
def adler32sum(text: str) -> str:
    return str(zlib.adler32(text.encode("utf-8", "replace")))


@named("regexMatch", "string", "string")
def regex_match(pattern: str, text: str) -> bool:
    return regexes.search(pattern, text) is not None


@named("regexFind", "string", "string")
def regex_find(pattern: str, text: str) -> str:
    return regexes.search(pattern, text) or ""


@named("regexFindAll", "string", "string", "int")
def regex_find_all(pattern: str, text: str, most: int) -> list[str]:
    return regexes.find_all(pattern, text, most)


@named("regexSplit", "string", "string", "int")
def regex_split(pattern: str, text: str, most: int) -> list[str]:
    return regexes.split(pattern, text, most)


@named("regexQuoteMeta", "string")
def regex_quote_meta(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)
