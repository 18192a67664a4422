"""Reading the options of one stage: each is asked for by its kind, and what nobody asked for is a mistake."""

from __future__ import annotations

from typing import Any

from hannun.gotemplate.go_numbers import parse_duration_ns
from hannun.model.errors import ConfigError
from hannun.model.stage import StageSpec
from hannun.model.text import Text

NAMES = "names"
"""The key under which the options of a stage that is one list are found."""
_LISTS = ("labeldrop", "labelallow")


class Options:
    """Raises ConfigError with the stage's place for everything that cannot be meant."""

    def __init__(self, spec: StageSpec) -> None:
        self.spec = spec
        given = spec.options
        if given is None:
            given = {}
        if spec.kind in _LISTS and isinstance(given, list):
            given = {NAMES: given}
        if not isinstance(given, dict):
            raise self.wrong("takes `key: value` options", "`키: 값` 꼴의 옵션을 적어 주세요")
        self._given: dict[str, Any] = given
        self._asked: set[str] = set()

    def wrong(self, en: str, ko: str) -> ConfigError:
        place = f"{self.spec.place}: " if self.spec.place else ""
        kind = self.spec.kind
        return ConfigError(Text(en=f"{place}{kind} stage: {en}", ko=f"{place}{kind} 스테이지: {ko}"))

    def take(self, key: str) -> Any:
        self._asked.add(key)
        return self._given.get(key)

    def has(self, key: str) -> bool:
        return self._given.get(key) is not None

    def text(self, key: str, default: str = "") -> str:
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (str, int, float)):
            return str(value)
        raise self.wrong(f"`{key}` takes a text", f"`{key}`: 텍스트를 적어 주세요")

    def needed(self, key: str) -> str:
        value = self.text(key)
        if not value:
            raise self.wrong(f"`{key}` is required", f"`{key}` 값이 있어야 합니다")
        return value

    def source(self) -> str | None:
        """The name of an extracted value, or None for the line; it must not be empty."""
        if self.take("source") is None:
            return None
        return self.needed("source")

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise self.wrong(f"`{key}` is true or false", f"`{key}`: true나 false로 적어 주세요")

    def number(self, key: str, default: float) -> float:
        value = self.take(key)
        if value is None:
            return default
        try:
            if not isinstance(value, bool):
                return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
        raise self.wrong(f"`{key}` takes a number", f"`{key}`: 숫자를 적어 주세요")

    def whole(self, key: str, default: int) -> int:
        number = self.number(key, default)
        if number != number or number < 0 or number > 2**53 or int(number) != number:
            raise self.wrong(f"`{key}` takes a whole number", f"`{key}`: 0 이상의 정수를 적어 주세요")
        return int(number)

    def duration_ns(self, key: str, default_ns: int) -> int:
        value = self.text(key)
        if not value:
            return default_ns
        try:
            return parse_duration_ns(value)
        except ValueError as err:
            raise self.wrong(f"`{key}`: {err}", f"`{key}`: 시간은 3s, 1m30s처럼 적어 주세요") from err

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        return self.texts_of(value, key)

    def texts_of(self, value: Any, key: str) -> tuple[str, ...]:
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(item, (str, int, float)) for item in value):
            return tuple(str(item) for item in value)
        raise self.wrong(f"`{key}` takes a list of texts", f"`{key}`: 텍스트 목록을 적어 주세요")

    def mapping(self, key: str) -> dict[str, str]:
        """Texts by name; what has no text is ""."""
        return self.mapping_of(self.take(key), key)

    def whole_mapping(self) -> dict[str, str]:
        """All options as texts by name, for stages that are one mapping."""
        self._asked.update(self._given)
        return self.mapping_of(self._given, "")

    def mapping_of(self, value: Any, key: str) -> dict[str, str]:
        if value is None:
            return {}
        if not isinstance(value, dict) or any(isinstance(item, (dict, list)) for item in value.values()):
            raise self.wrong(f"`{key}` takes `name: text` pairs", f"`{key}`: `이름: 값` 꼴로 적어 주세요")
        return {name: "" if item is None else self._scalar(item) for name, item in value.items()}

    @staticmethod
    def _scalar(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    def close(self) -> None:
        unknown = sorted(set(self._given) - self._asked)
        if unknown:
            raise self.wrong(f"unknown option `{unknown[0]}`", f"알 수 없는 옵션 `{unknown[0]}`")
