"""Words of a line of grouping rules: quotes keep spaces together, `#` begins a comment."""

from __future__ import annotations


def split(line: str) -> list[str]:
    """`a:"b c" -> d` becomes `a:b c`, `->`, `d`. Raises ValueError for a quote that never ends."""
    out: list[str] = []
    word: list[str] = []
    quote, begun = "", False
    at = 0
    while at < len(line):
        letter = line[at]
        at += 1
        if quote:
            if letter == "\\" and at < len(line) and line[at] in (quote, "\\"):
                word.append(line[at])
                at += 1
            elif letter == quote:
                quote = ""
            else:
                word.append(letter)
        elif letter == '"':
            quote, begun = letter, True
        elif letter.isspace():
            if begun:
                out.append("".join(word))
            word, begun = [], False
        elif letter == "#" and not begun:
            break
        else:
            word.append(letter)
            begun = True
    if quote:
        raise ValueError("a quote is opened and never closed")
    if begun:
        out.append("".join(word))
    return out
