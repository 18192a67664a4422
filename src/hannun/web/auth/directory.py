"""All accounts in memory, as they were at one generation of the meta store.

Every request asks who calls, so the answer must not cost a query; and a revoked token must be dead for the next
request, also when another process (`hannun token revoke`) revoked it. So each request reads the store's generation, a
single number, and the accounts are read again only when it moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hannun.model.access import Principal, Role
from hannun.model.account import Account, Token, name_key


@dataclass(frozen=True, slots=True)
class Directory:
    generation: int
    accounts: Mapping[int, Account]
    by_name: Mapping[str, Account]
    tokens: Mapping[str, tuple[int, Principal]]
    """Token id and its bearer, by the key's fingerprint."""

    @staticmethod
    def of(generation: int, accounts: Iterable[Account], tokens: Iterable[Token]) -> Directory:
        by_id = {account.user.id: account for account in accounts}
        return Directory(
            generation,
            by_id,
            {name_key(account.user.name): account for account in by_id.values()},
            {token.key_hash: (token.id, bearer(token, by_id)) for token in tokens},
        )


NOBODY_YET = Directory(-1, {}, {}, {})


def of_user(account: Account, how: str) -> Principal:
    return Principal(account.user.role, account.user.role >= Role.EDITOR, account.user, how)


def bearer(token: Token, accounts: Mapping[int, Account]) -> Principal:
    """What a token may do: never more than the user who made it may do now."""
    role = token.role.role
    if role is None:
        return Principal(None, may_push=True, how="token", token_name=token.name)
    if token.user_id is not None:
        maker = accounts.get(token.user_id)
        if maker is None:
            return Principal(None, may_push=False, how="token", token_name=token.name)
        role = min(role, maker.user.role)
    return Principal(role, may_push=role >= Role.EDITOR, how="token", token_name=token.name)
