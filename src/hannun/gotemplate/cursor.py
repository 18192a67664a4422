"""A way through tokens that may look ahead, and says what stands where it should not."""

from __future__ import annotations

from collections.abc import Iterator

from hannun.gotemplate.errors import TemplateError
from hannun.gotemplate.lexer import Token


class Cursor:
    def __init__(self, name: str, found: Iterator[Token]) -> None:
        self.name = name
        self._tokens = found
        self._ahead: list[Token] = []
        self._line = 1

    def peek(self, ahead: int = 0) -> Token:
        while len(self._ahead) <= ahead:
            token = next(self._tokens, None)
            if token is None:
                token = self._ahead[-1] if self._ahead else Token("eof", 0, "", self._line)
            self._ahead.append(token)
        return self._ahead[ahead]

    def next(self) -> Token:
        token = self.peek()
        self._ahead.pop(0)
        self._line = token.line
        return token

    def skip_space(self) -> None:
        while self.peek().kind == "space":
            self.next()

    def next_word(self) -> Token:
        self.skip_space()
        return self.next()

    def peek_word(self, ahead: int) -> str:
        """The keyword that comes after `ahead` tokens and a space, else ""."""
        if self.peek(ahead).kind == "space":
            ahead += 1
        token = self.peek(ahead)
        return token.text if token.kind == "keyword" else ""

    def expect(self, kinds: tuple[str, ...], context: str) -> Token:
        token = self.next_word()
        if token.kind not in kinds:
            raise self.unexpected(token, context)
        return token

    def error(self, words: str) -> TemplateError:
        return TemplateError(f"template: {self.name}:{self._line}: {words}")

    def unexpected(self, token: Token, context: str) -> TemplateError:
        if token.kind == "error":
            return self.error(token.text)
        return self.error(f"unexpected {token} in {context}")
