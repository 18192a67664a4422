from __future__ import annotations

import pytest

from hannun.model.errors import TooLarge
from hannun.store.meta import MetaStore
from hannun.store.meta.settings import KEY_LENGTH_MAX, VALUE_LENGTH_MAX


def test_a_setting_is_put_read_overwritten_and_removed(meta: MetaStore) -> None:
    assert meta.settings.get("home.order") is None
    meta.settings.put("home.order", "하나")
    meta.settings.put("home.order", "둘")
    meta.settings.put("a", "1")
    assert meta.settings.get("home.order") == "둘"
    assert meta.settings.all() == {"a": "1", "home.order": "둘"}
    meta.settings.remove("home.order")
    assert meta.settings.all() == {"a": "1"}


@pytest.mark.parametrize(
    ("key", "value"), [("k" * (KEY_LENGTH_MAX + 1), "v"), ("k", "v" * (VALUE_LENGTH_MAX + 1))], ids=["key", "value"]
)
def test_settings_are_small(meta: MetaStore, key: str, value: str) -> None:
    with pytest.raises(TooLarge):
        meta.settings.put(key, value)
