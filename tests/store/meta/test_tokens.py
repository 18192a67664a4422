from __future__ import annotations

import pytest

from hannun.model.account import TokenRole
from hannun.model.errors import Conflict, NotFound
from hannun.store.meta import MetaStore
from hannun.store.meta.store import REVOKED_KEPT_MS
from hannun.testing.clock import FakeClock


@pytest.mark.parametrize("role", list(TokenRole))
def test_a_token_is_there_as_it_was_added(meta: MetaStore, role: TokenRole) -> None:
    added = meta.tokens.add("ci", role, "hash")
    assert meta.tokens.all() == [added]
    assert (added.name, added.role, added.key_hash, added.used_ms, added.user_id) == ("ci", role, "hash", None, None)


def test_a_revoked_token_is_gone_and_frees_its_name(meta: MetaStore) -> None:
    first = meta.tokens.add("ci", TokenRole.PUSH, "1")
    with pytest.raises(Conflict):
        meta.tokens.add("CI", TokenRole.PUSH, "2")
    meta.tokens.revoke(first.id)
    assert meta.tokens.all() == []
    with pytest.raises(NotFound):
        meta.tokens.revoke(first.id)
    assert meta.tokens.add("ci", TokenRole.PUSH, "2").id > first.id


def test_revoked_rows_are_forgotten_after_a_season(meta: MetaStore, clock: FakeClock) -> None:
    token = meta.tokens.add("ci", TokenRole.PUSH, "1")
    meta.tokens.revoke(token.id)
    clock.advance(REVOKED_KEPT_MS / 1000 + 1)
    meta.purge(idle_ms=1, absolute_ms=1)
    # The key's fingerprint is unique over all rows: that it can be stored again shows that the row is gone.
    meta.tokens.add("ci", TokenRole.PUSH, "1")


def test_when_a_token_was_used_is_noted(meta: MetaStore) -> None:
    token = meta.tokens.add("ci", TokenRole.PUSH, "1")
    meta.touch(users={}, sessions={}, tokens={token.id: 42})
    assert meta.tokens.all()[0].used_ms == 42
