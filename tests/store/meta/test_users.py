from __future__ import annotations

import pytest

from hannun.model.access import Role
from hannun.model.account import TokenRole
from hannun.model.errors import Conflict, NotFound
from hannun.store.meta import MetaStore
from hannun.testing.clock import FakeClock


def test_a_user_is_there_as_it_was_added(meta: MetaStore, clock: FakeClock) -> None:
    user = meta.users.add("가람", "hash", Role.ADMIN, lang="ko", timezone="Asia/Seoul")
    [account] = meta.users.all()
    assert account.user == user
    assert (user.name, user.role, user.lang, user.timezone) == ("가람", Role.ADMIN, "ko", "Asia/Seoul")
    assert (account.password_hash, account.created_ms, account.seen_ms) == ("hash", clock.now_ms(), None)


@pytest.mark.parametrize("again", ["Ann", "ann", "ANN", "Ａｎｎ", " ann "])
def test_names_that_look_alike_are_one_user(meta: MetaStore, again: str) -> None:
    meta.users.add("Ann", "hash", Role.ADMIN)
    with pytest.raises(Conflict, match="already"):
        meta.users.add(again, "hash", Role.VIEWER)


def test_the_first_user_is_an_admin(meta: MetaStore) -> None:
    with pytest.raises(Conflict, match="first user must be an admin"):
        meta.users.add("bob", "hash", Role.VIEWER)


def test_the_last_admin_can_neither_be_demoted_nor_removed(meta: MetaStore) -> None:
    ann = meta.users.add("ann", "hash", Role.ADMIN)
    bob = meta.users.add("bob", "hash", Role.EDITOR)
    with pytest.raises(Conflict, match="last admin"):
        meta.users.remove(ann.id)
    with pytest.raises(Conflict, match="last admin"):
        meta.users.change(ann.id, role=Role.VIEWER)
    meta.users.change(bob.id, role=Role.ADMIN)
    assert meta.users.change(ann.id, role=Role.VIEWER).role is Role.VIEWER
    meta.users.remove(ann.id)
    assert [account.user.name for account in meta.users.all()] == ["bob"]


def test_the_last_user_cannot_be_removed_or_a_closed_server_would_open(meta: MetaStore) -> None:
    ann = meta.users.add("ann", "hash", Role.ADMIN)
    with pytest.raises(Conflict):
        meta.users.remove(ann.id)


def test_a_change_keeps_what_it_does_not_name(meta: MetaStore) -> None:
    ann = meta.users.add("ann", "hash", Role.ADMIN, lang="ko")
    changed = meta.users.change(ann.id, timezone="Asia/Seoul")
    assert (changed.name, changed.lang, changed.timezone, changed.role) == ("ann", "ko", "Asia/Seoul", Role.ADMIN)
    assert meta.users.change(ann.id, name="Ann") == meta.users.all()[0].user


def test_a_name_is_not_changed_to_one_that_is_taken(meta: MetaStore) -> None:
    meta.users.add("ann", "hash", Role.ADMIN)
    bob = meta.users.add("bob", "hash", Role.VIEWER)
    with pytest.raises(Conflict, match="already"):
        meta.users.change(bob.id, name="ANN")


def test_a_new_password_ends_the_sessions_of_that_user_alone(meta: MetaStore) -> None:
    ann = meta.users.add("ann", "hash", Role.ADMIN)
    bob = meta.users.add("bob", "hash", Role.VIEWER)
    meta.sessions.add("of ann", ann.id)
    meta.sessions.add("of bob", bob.id)
    meta.users.change(ann.id, password_hash="new")
    assert meta.sessions.find("of ann") is None
    assert meta.sessions.find("of bob") is not None


def test_a_removed_user_takes_sessions_and_reading_tokens_along_but_not_the_tokens_of_hosts(meta: MetaStore) -> None:
    meta.users.add("ann", "hash", Role.ADMIN)
    bob = meta.users.add("bob", "hash", Role.ADMIN)
    meta.sessions.add("of bob", bob.id)
    meta.tokens.add("grafana", TokenRole.VIEWER, "1", user_id=bob.id)
    meta.tokens.add("host", TokenRole.PUSH, "2", user_id=bob.id)
    meta.tokens.add("cli", TokenRole.ADMIN, "3")
    meta.users.remove(bob.id)
    assert meta.sessions.find("of bob") is None
    assert [(token.name, token.user_id) for token in meta.tokens.all()] == [("host", None), ("cli", None)]


def test_a_number_is_never_given_twice(meta: MetaStore) -> None:
    meta.users.add("ann", "hash", Role.ADMIN)
    bob = meta.users.add("bob", "hash", Role.VIEWER)
    meta.users.remove(bob.id)
    assert meta.users.add("eve", "hash", Role.VIEWER).id > bob.id


def test_who_is_not_there_is_not_found(meta: MetaStore) -> None:
    with pytest.raises(NotFound):
        meta.users.remove(7)
    with pytest.raises(NotFound):
        meta.users.change(7, role=Role.VIEWER)
