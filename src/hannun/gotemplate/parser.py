"""Tokens -> nodes. Go's grammar of text/template (1.24), its scoping of variables, and its words for mistakes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from hannun.gotemplate.bounds import NESTING_MAX, SOURCE_CHARACTERS_MAX
from hannun.gotemplate.cursor import Cursor
from hannun.gotemplate.errors import TemplateError
from hannun.gotemplate.go_numbers import go_quote
from hannun.gotemplate.lexer import Token, tokens
from hannun.gotemplate.literals import read_number, unquote
from hannun.gotemplate.nodes import (
    Action,
    Argument,
    Bool,
    Break,
    Call,
    Chain,
    Command,
    Continue,
    Dot,
    Field,
    Identifier,
    If,
    Nil,
    Node,
    Number,
    Pipe,
    Range,
    String,
    Text,
    Variable,
    With,
)
from hannun.gotemplate.parsed import Body, Parsed, is_blank

_OPERANDS = frozenset(
    {"bool", "char", "field", "identifier", "number", "string", "raw string", "variable", "(", "keyword"}
)
_NOT_CALLABLE = (Bool, Dot, Nil, Number, String)


def parse(name: str, source: str, functions: Collection[str], left: str = "{{", right: str = "}}") -> Parsed:
    """Raises TemplateError in Go's words. `functions` are the names that may be called."""
    if len(source) > SOURCE_CHARACTERS_MAX:
        raise TemplateError(f"template: {name}:1: template of {len(source)} characters is too long")
    parser = _Parser(name, source, functions, tokens(source, left, right))
    return parser.parse()


class _Parser(Cursor):
    def __init__(self, name: str, source: str, functions: Collection[str], found: Iterator[Token]) -> None:
        super().__init__(name, found)
        self.functions = functions
        self.parsed = Parsed(name, source)
        self._variables = ["$"]
        self._depth = 0
        self._range_depth = 0

    def parse(self) -> Parsed:
        body: list[Node] = []
        while (token := self.peek()).kind != "eof":
            if token.kind == "left" and self.peek_word(1) == "define":
                self._define()
                continue
            node = self._text_or_action()
            if isinstance(node, _End):
                raise self.error(f"unexpected {node.said}")
            body.append(node)
        self._add(self.name, tuple(body))
        return self.parsed

    # Blocks

    def _add(self, name: str, body: Body) -> None:
        known = self.parsed.templates.get(name)
        if known is None or is_blank(known):
            self.parsed.templates[name] = body
        elif not is_blank(body):
            raise self.error(f"template: multiple definition of template {go_quote(name)}")

    def _define(self) -> None:
        self.next()
        self.next_word()
        name = self._text_of(self.expect(("string", "raw string"), "define clause"))
        self.expect(("right",), "define clause")
        self._add(name, self._own_scope(lambda: self._body("define clause")))

    def _own_scope(self, read: Callable[[], Body]) -> Body:
        """A definition sees no variables and no range around it."""
        variables, range_depth = self._variables, self._range_depth
        self._variables, self._range_depth = ["$"], 0
        body = read()
        self._variables, self._range_depth = variables, range_depth
        return body

    def _body(self, context: str) -> Body:
        body, end = self._list()
        if end.said != "{{end}}":
            raise self.error(f"unexpected {end.said} in {context}")
        return body

    def _list(self) -> tuple[Body, _End]:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise self.error(f"blocks nested deeper than {NESTING_MAX}")
        body: list[Node] = []
        while self.peek().kind != "eof":
            node = self._text_or_action()
            if isinstance(node, _End):
                self._depth -= 1
                return tuple(body), node
            body.append(node)
        self.next()
        raise self.error("unexpected EOF")

    def _text_or_action(self) -> Node | _End:
        token = self.next_word()
        if token.kind == "text":
            return Text(token.at, token.text)
        if token.kind == "left":
            return self._action()
        raise self.unexpected(token, "input")

    def _action(self) -> Node | _End:
        self.skip_space()
        token = self.peek()
        if token.kind == "keyword":
            reads = {
                "block": self._block,
                "else": self._else,
                "end": self._end,
                "if": self._if,
                "range": self._range,
                "template": self._template,
                "with": self._with,
                "break": self._break,
                "continue": self._continue,
            }
            read = reads.get(token.text)
            if read is not None:
                self.next()
                return read(token)
        pipe = self._pipeline("command", "right")
        return Action(pipe.at, pipe)

    def _end(self, token: Token) -> _End:
        self.expect(("right",), "end")
        return _End("{{end}}")

    def _else(self, token: Token) -> _End:
        if self.peek_word(0) in ("if", "with"):
            self.skip_space()
            return _End("{{else}}", self.peek().text)
        self.expect(("right",), "else")
        return _End("{{else}}")

    def _break(self, token: Token) -> Node:
        self._jump("{{break}}")
        return Break(token.at)

    def _continue(self, token: Token) -> Node:
        self._jump("{{continue}}")
        return Continue(token.at)

    def _jump(self, said: str) -> None:
        token = self.next_word()
        if token.kind != "right":
            raise self.unexpected(token, said)
        if not self._range_depth:
            raise self.error(f"{said} outside {{{{range}}}}")

    def _if(self, token: Token) -> Node:
        pipe, then, otherwise = self._control("if")
        return If(pipe.at, pipe, then, otherwise)

    def _with(self, token: Token) -> Node:
        pipe, then, otherwise = self._control("with")
        return With(pipe.at, pipe, then, otherwise)

    def _range(self, token: Token) -> Node:
        pipe, body, otherwise = self._control("range")
        return Range(pipe.at, pipe, body, otherwise)

    def _control(self, context: str) -> tuple[Pipe, Body, Body | None]:
        mark = len(self._variables)
        pipe = self._pipeline(context, "right")
        if context == "range":
            self._range_depth += 1
        then, end = self._list()
        if context == "range":
            self._range_depth -= 1
        otherwise: Body | None = None
        if end.said == "{{else}}":
            if end.followed_by and end.followed_by == context:
                # `{{else if}}` is an if inside the else that shares its end.
                token = self.next()
                self._depth += 1
                if self._depth > NESTING_MAX:
                    raise self.error(f"blocks nested deeper than {NESTING_MAX}")
                otherwise = (self._if(token) if context == "if" else self._with(token),)
                self._depth -= 1
            elif end.followed_by:
                raise self.unexpected(self.next(), "else")
            else:
                otherwise, end = self._list()
                if end.said != "{{end}}":
                    raise self.error(f"expected end; found {end.said}")
        del self._variables[mark:]
        return pipe, then, otherwise

    def _block(self, token: Token) -> Node:
        context = "block clause"
        self.skip_space()
        at = self.peek().at
        name = self._text_of(self.expect(("string", "raw string"), context))
        pipe = self._pipeline(context, "right")
        self._add(name, self._own_scope(lambda: self._body(context)))
        return Call(at, name, pipe)

    def _template(self, token: Token) -> Node:
        context = "template clause"
        self.skip_space()
        at = self.peek().at
        name = self._text_of(self.expect(("string", "raw string"), context))
        self.skip_space()
        if self.peek().kind == "right":
            self.next()
            return Call(at, name, None)
        return Call(at, name, self._pipeline(context, "right"))

    # Pipelines

    def _pipeline(self, context: str, end: str) -> Pipe:
        self.skip_space()
        at = self.peek().at
        variables, assigns = self._declarations(context)
        commands: list[Command] = []
        while True:
            self.skip_space()
            token = self.peek()
            if token.kind == end:
                self.next()
                break
            if token.kind not in _OPERANDS or (token.kind == "keyword" and token.text not in (".", "nil")):
                self.next()
                raise self.unexpected(token, context)
            commands.append(self._command())
        if not commands:
            raise self.error(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], start=2):
            if isinstance(command.args[0], _NOT_CALLABLE):
                raise self.error(f"non executable command in pipeline stage {stage}")
        return Pipe(at, tuple(variables), assigns, tuple(commands))

    def _declarations(self, context: str) -> tuple[list[str], bool]:
        """`$x :=`, `$x =` or `$i, $x :=` before a pipeline."""
        variables: list[str] = []
        while self.peek().kind == "variable":
            ahead = 2 if self.peek(1).kind == "space" else 1
            after = self.peek(ahead)
            if after.kind in (":=", "="):
                name = self.next().text
                for _ in range(ahead):
                    self.next()
                variables.append(name)
                if after.kind == ":=":
                    self._variables.extend(variables)
                return variables, after.kind == "="
            if not (after.kind == "sign" and after.text == ","):
                break
            variables.append(self.next().text)
            for _ in range(ahead):
                self.next()
            self.skip_space()
            if context != "range" or len(variables) > 1:
                raise self.error(f"too many declarations in {context}")
            if self.peek().kind not in ("variable", "right", ")"):
                raise self.error("range can only initialize variables")
        if variables:
            raise self.error("range can only initialize variables")
        return variables, False

    def _command(self) -> Command:
        self.skip_space()
        at = self.peek().at
        args: list[Argument] = []
        while True:
            self.skip_space()
            operand = self._operand()
            if operand is not None:
                args.append(operand)
            token = self.peek()
            if token.kind == "space":
                self.next()
                continue
            if token.kind in ("right", ")"):
                break
            self.next()
            if token.kind == "|":
                if self._pipe_ends():
                    raise self.error("missing value for command")
                break
            if token.kind == "error":
                raise self.error(token.text)
            raise self.error(f"unexpected {token} in operand")
        if not args:
            raise self.error("empty command")
        return Command(at, tuple(args))

    def _pipe_ends(self) -> bool:
        self.skip_space()
        return self.peek().kind in ("right", ")")

    def _operand(self) -> Argument | None:
        node = self._term()
        if node is None or self.peek().kind != "field":
            return node
        at = self.peek().at
        names: list[str] = []
        while self.peek().kind == "field":
            names.append(self.next().text[1:])
        match node:
            case Field():
                return Field(at, (*node.names, *names))
            case Variable():
                return Variable(at, node.name, (*node.names, *names))
            case Bool() | String() | Number() | Nil() | Dot():
                raise self.error(f"unexpected . after term {go_quote(str(node))}")
            case _:
                return Chain(at, node, tuple(names))

    def _term(self) -> Argument | None:
        token = self.peek()
        match token.kind:
            case "error":
                self.next()
                raise self.error(token.text)
            case "identifier":
                self.next()
                if token.text not in self.functions:
                    raise self.error(f"function {go_quote(token.text)} not defined")
                return Identifier(token.at, token.text)
            case "keyword" if token.text == ".":
                self.next()
                return Dot(token.at)
            case "keyword" if token.text == "nil":
                self.next()
                return Nil(token.at)
            case "variable":
                self.next()
                if token.text not in self._variables:
                    raise self.error(f"undefined variable {go_quote(token.text)}")
                return Variable(token.at, token.text)
            case "field":
                self.next()
                return Field(token.at, (token.text[1:],))
            case "bool":
                self.next()
                return Bool(token.at, token.text == "true")
            case "number" | "char":
                self.next()
                number = read_number(token.at, token.text)
                if number is None:
                    what = "malformed character constant" if token.kind == "char" else "illegal number syntax"
                    shown = token.text if token.kind == "char" else go_quote(token.text)
                    raise self.error(f"{what}: {shown}")
                return number
            case "(":
                self.next()
                self._depth += 1
                if self._depth > NESTING_MAX:
                    raise self.error(f"parentheses nested deeper than {NESTING_MAX}")
                pipe = self._pipeline("parenthesized pipeline", ")")
                self._depth -= 1
                return pipe
            case "string" | "raw string":
                self.next()
                return String(token.at, token.text, self._text_of(token))
            case _:
                return None

    def _text_of(self, token: Token) -> str:
        text = unquote(token.text)
        if text is None:
            raise self.error("invalid syntax")
        return text


@dataclass(frozen=True, slots=True)
class _End:
    """What ends a list of nodes: `{{end}}` or `{{else}}`, the latter maybe with an `if` or `with` behind it."""

    said: str
    followed_by: str = ""
