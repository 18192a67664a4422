"""Parameters of compiled statements as the engine's port takes them: text, integers, lists of either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def encoded(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _encoded(value) for name, value in params.items()}


def _encoded(value: Any) -> Any:
    match value:
        case str():
            return value
        case bool() | int() | np.integer():
            return int(value)
        case float() | np.floating():
            return repr(float(value))
        case np.ndarray():
            return value.tolist()
        case Sequence():
            return list(value)
    raise TypeError(f"a parameter of type {type(value).__name__} cannot travel to the engine")
