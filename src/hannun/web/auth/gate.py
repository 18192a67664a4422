"""The gate: each request passes `admit` once, before its endpoint's handler. Asks the meta store, decides by `policy`.

Credentials are tried from the most explicit to the least: a bearer token, the session cookie, Basic, the network.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace

from hannun.model.access import ANONYMOUS, Access, Principal, Role
from hannun.model.account import Session, name_key
from hannun.model.errors import HannunError, Overloaded, StoreUnavailable
from hannun.model.http import SocketEndpoint
from hannun.model.ports import MetaStore
from hannun.model.secret import derived, fingerprint, new_key, same
from hannun.model.time import Clock, SystemClock
from hannun.observe.problems import Problems, Severity
from hannun.web.auth import policy
from hannun.web.auth.credentials import Basic, Bearer, session_keys, shown
from hannun.web.auth.directory import NOBODY_YET, Directory, of_user
from hannun.web.auth.origin import SAFE_METHODS, host_is_ours, is_foreign
from hannun.web.auth.passwords import Passwords
from hannun.web.auth.policy import Refused
from hannun.web.auth.proxy import Caller, Headers, header
from hannun.web.site import Site, within

_log = logging.getLogger("hannun.auth")
IDLE_MS = 7 * 86_400_000
ABSOLUTE_MS = 30 * 86_400_000
UPKEEP_S = 60.0
SESSIONS_CACHED_MAX = 4_096
OPEN = Principal(Role.ADMIN, may_push=True, how="open")


@dataclass(frozen=True, slots=True)
class Admitted:
    """`session_key` is the cookie's value where the session is what let the caller in."""

    principal: Principal
    session_key: str = ""

    @property
    def csrf(self) -> str:
        """What state-changing requests of this session must repeat in `X-Hannun-CSRF`."""
        return csrf_of(self.session_key) if self.session_key else ""


def csrf_of(session_key: str) -> str:
    return derived(session_key, "csrf")


class Gate:
    """Lives on one event loop. `start` begins the upkeep that notes who was seen and forgets what is over."""

    def __init__(
        self, meta: MetaStore, site: Site, clock: Clock | None = None, problems: Problems | None = None
    ) -> None:
        self.meta = meta
        self.site = site
        self.clock = clock or SystemClock()
        self.passwords = Passwords(self.clock)
        self._problems = problems
        self._directory = NOBODY_YET
        self._reading = asyncio.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._seen_users: dict[int, int] = {}
        self._seen_sessions: dict[str, int] = {}
        self._seen_tokens: dict[int, int] = {}
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.directory()
        self._upkeep = asyncio.create_task(self._keep_up(), name="auth upkeep")

    async def stop(self) -> None:
        if self._upkeep is not None:
            self._upkeep.cancel()
            with suppress(asyncio.CancelledError):
                await self._upkeep
            self._upkeep = None
            await self.note_seen()

    async def admit(self, access: Access, method: str, headers: Headers, caller: Caller) -> Admitted | Refused:
        """Raises Overloaded (too many wrong passwords) and StoreUnavailable; never for PUBLIC and DSN."""
        if access is Access.DSN:
            # A DSN stands in pages of any origin, and credentials for this server that come along mean nothing here.
            return Admitted(ANONYMOUS)
        try:
            directory = await self.directory()
            if policy.is_open(self.site, has_users=bool(directory.accounts)):
                return self._admit_local(method, headers, caller)
            found, by_bearer = await self._identify(directory, headers, caller)
        except (StoreUnavailable, Overloaded):
            if access is not Access.PUBLIC:
                raise
            found, by_bearer = Admitted(ANONYMOUS), False
        if not by_bearer and is_foreign(method, headers, caller.host, self.site):
            # Cookies, Basic credentials and a place in a network are sent by the browser whatever page asks it to.
            return policy.FOREIGN_PAGE
        # A page cannot add a header to the handshake of a WebSocket: there its origin, above, is the whole check.
        if found.session_key and method not in SAFE_METHODS and method != SocketEndpoint.method:
            given = header(headers, b"x-hannun-csrf") or ""
            if not same(given, found.csrf):
                if access is not Access.PUBLIC:
                    return policy.NO_CSRF
                found = Admitted(ANONYMOUS)
        return policy.decide(access, found.principal) or found

    def _admit_local(self, method: str, headers: Headers, caller: Caller) -> Admitted | Refused:
        if not host_is_ours(caller.host, self.site):
            return replace(policy.FOREIGN_HOST, what=policy.FOREIGN_HOST.what.with_(host=caller.host[:100]))
        local = caller.address is None or caller.address.is_loopback
        if not self.site.insecure_open and (caller.by_unknown_proxy or not local):
            return policy.UNKNOWN_PROXY
        if is_foreign(method, headers, caller.host, self.site):
            return policy.FOREIGN_PAGE
        return Admitted(OPEN)

    async def _identify(self, directory: Directory, headers: Headers, caller: Caller) -> tuple[Admitted, bool]:
        """Who calls, and whether a bearer token says so."""
        credentials = shown(headers)
        network = within(caller.address, self.site.ingest_allow)
        if isinstance(credentials, Bearer):
            known = directory.tokens.get(fingerprint(credentials.token))
            if known is not None:
                token_id, principal = known
                self._seen_tokens[token_id] = self.clock.now_ms()
                return Admitted(_widened(principal, network)), True
        for key in session_keys(headers):
            principal_of_session = await self._of_session(directory, key)
            if principal_of_session is not None:
                return Admitted(_widened(principal_of_session, network), key), False
        if isinstance(credentials, Basic):
            account = directory.by_name.get(name_key(credentials.name[:256]))
            if await self.passwords.check_again(account, credentials.name, credentials.password, caller.address):
                assert account is not None, "no password is right for an unknown user"
                self._seen_users[account.user.id] = self.clock.now_ms()
                return Admitted(_widened(of_user(account, "password"), network)), False
        return Admitted(Principal(None, may_push=True, how="network") if network else ANONYMOUS), False

    async def _of_session(self, directory: Directory, key: str) -> Principal | None:
        key_hash, now_ms = fingerprint(key), self.clock.now_ms()
        session = self._sessions.get(key_hash)
        if session is None:
            session = await asyncio.to_thread(self.meta.sessions.find, key_hash)
            if session is None:
                return None
        account = directory.accounts.get(session.user_id)
        over = now_ms - session.seen_ms > IDLE_MS or now_ms - session.created_ms > ABSOLUTE_MS
        if account is None or over:
            self._sessions.pop(key_hash, None)
            return None
        if now_ms - session.seen_ms > UPKEEP_S * 1000:
            session = replace(session, seen_ms=now_ms)
            self._seen_sessions[key_hash] = self._seen_users[session.user_id] = now_ms
        if self.meta.generation() == directory.generation:
            # Otherwise the session may have been ended while it was read: the next request reads it again.
            self._sessions[key_hash] = session
        if len(self._sessions) > SESSIONS_CACHED_MAX:
            self._sessions.popitem(last=False)
        return of_user(account, "session")

    async def directory(self) -> Directory:
        """The accounts as they are now."""
        if self.meta.generation() != self._directory.generation:
            async with self._reading:
                # Read before the rows: a change that comes in between moves the generation once more.
                generation = self.meta.generation()
                if generation != self._directory.generation:
                    accounts, tokens = await asyncio.to_thread(lambda: (self.meta.users.all(), self.meta.tokens.all()))
                    self._directory = Directory.of(generation, accounts, tokens)
                    self._sessions.clear()
                    self.passwords.forget()
                    self._warn()
        return self._directory

    def _warn(self) -> None:
        """While everybody who reaches the server is its admin, that stands on the first page until a user closes it."""
        if self._problems is None:
            return
        if policy.is_open(self.site, has_users=bool(self._directory.accounts)) and not self.site.on_loopback:
            self._problems.raise_("open to all", Severity.CRITICAL, policy.OPEN_TO_ALL, policy.CLOSE_IT)
        else:
            self._problems.clear("open to all")

    async def open_session(self, user_id: int, old_keys: tuple[str, ...]) -> str:
        """A new session's key. The keys that the browser came with are ended: nobody logs in under a planted one."""
        key = new_key()
        for old in old_keys:
            await self.close_session(old)
        await asyncio.to_thread(self.meta.sessions.add, fingerprint(key), user_id)
        self._seen_users[user_id] = self.clock.now_ms()
        return key

    async def knows(self, keys: tuple[str, ...]) -> bool:
        """Whether one of these cookies is a live session."""
        directory = await self.directory()
        return any([await self._of_session(directory, key) is not None for key in keys])

    async def close_session(self, key: str) -> None:
        self._sessions.pop(fingerprint(key), None)
        await asyncio.to_thread(self.meta.sessions.remove, fingerprint(key))

    async def note_seen(self) -> None:
        """Write down who was seen since the last time. Losing it costs nobody a session, so failing is only logged."""
        users, self._seen_users = self._seen_users, {}
        sessions, self._seen_sessions = self._seen_sessions, {}
        tokens, self._seen_tokens = self._seen_tokens, {}
        if not (users or sessions or tokens):
            return
        try:
            await asyncio.to_thread(lambda: self.meta.touch(users=users, sessions=sessions, tokens=tokens))
        except HannunError as err:
            _log.warning("cannot note when accounts were last seen: %s", err)

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(UPKEEP_S)
            await self.note_seen()
            try:
                await asyncio.to_thread(lambda: self.meta.purge(idle_ms=IDLE_MS, absolute_ms=ABSOLUTE_MS))
            except HannunError as err:
                _log.warning("cannot purge old sessions: %s", err)


def _widened(principal: Principal, network: bool) -> Principal:
    """A caller inside `--ingest-allow` may push whoever it is."""
    return replace(principal, may_push=True) if network and not principal.may_push else principal
