"""Secrets: how they are made, and what of them may be stored. For `web/` (login) and `cli/` (`hannun user add`).

Random keys (sessions, tokens) carry 256 bits, so a plain SHA-256 of them is enough; passwords are guessable and go
through argon2id. Its cost is OWASP's second choice (19 MiB, 2 passes, 1 lane): about 36 ms on the machine this was
built on, and twenty logins at once do not take a gigabyte.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hannun.model.errors import ConfigError
from hannun.model.text import Text

TOKEN_PREFIX = "hnt_"  # noqa: S105  (how a token begins, so that a leaked one is recognised)
SENTRY_TOKEN_PREFIX = "sntrys_"  # noqa: S105
TOKEN_PREFIXES = (TOKEN_PREFIX, SENTRY_TOKEN_PREFIX)
PASSWORD_BYTES_MAX = 1024
PASSWORD_LENGTH_MIN = 8
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$0G9qshRKUGOcCMpT9mAeXQ$vu7OAEYL1dWj0mbU8VJCqoQdYVTxsF1m/+t3fvtpjwI"
"""A hash that no password has: verifying against it makes an unknown user cost what a known one costs."""


def new_key() -> str:
    """43 URL-safe characters, 256 bits."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    return TOKEN_PREFIX + new_key()


def new_sentry_token(url: str, organisation: str, made_s: float) -> str:
    """A token in the form of Sentry's organisation tokens: its tools read from it where the server is.

    `made_s` is Unix seconds. The last part alone is the secret, and it is one as `new_key` makes them.
    """
    told = {"iat": made_s, "url": url, "region_url": url, "org": organisation}
    facts = base64.b64encode(json.dumps(told).encode()).decode()
    # Sentry's tools want standard base64 without padding here, 43 characters of it.
    secret = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return f"{SENTRY_TOKEN_PREFIX}{facts}_{secret}"


def new_dsn_key() -> str:
    """32 hex digits, the form that Sentry's SDKs accept."""
    return secrets.token_hex(16)


def fingerprint(key: str) -> str:
    """What is stored of a session or token key, and what it is looked up by."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def derived(key: str, purpose: str) -> str:
    """A second secret that only the holder of `key` can know (the CSRF token of a session)."""
    return hmac.new(key.encode("utf-8", "surrogatepass"), purpose.encode(), hashlib.sha256).hexdigest()[:43]


def same(given: str, wanted: str) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass"))


def fits(password: str) -> bool:
    """False for what must never reach the key derivation: a megabyte of password costs CPU by its length."""
    return 0 < len(password) <= PASSWORD_BYTES_MAX and len(_bytes(password)) <= PASSWORD_BYTES_MAX


def hash_password(password: str, *, length_min: int = PASSWORD_LENGTH_MIN) -> str:
    """Raises ConfigError for a password that is too short or too long."""
    if len(password) < length_min:
        raise ConfigError(_TOO_SHORT.with_(length=length_min))
    if not fits(password):
        raise ConfigError(_TOO_LONG.with_(length=PASSWORD_BYTES_MAX))
    return _HASHER.hash(_bytes(password))


def verify_password(password_hash: str, password: str) -> bool:
    """Takes its time (see above): call it in a thread. False also for a hash that cannot be read."""
    if not fits(password):
        return False
    try:
        return _HASHER.verify(password_hash, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def outdated(password_hash: str) -> bool:
    """True when the cost was raised since the hash was made."""
    return _HASHER.check_needs_rehash(password_hash)


def _bytes(password: str) -> bytes:
    # A lone surrogate is legal in JSON and cannot be encoded strictly; it is as good as any other character here.
    return password.encode("utf-8", "surrogatepass")


_TOO_SHORT = Text(
    en="The password is too short: at least {length} characters",
    ko="비밀번호가 너무 짧습니다. {length}자 이상이어야 합니다",
)
_TOO_LONG = Text(
    en="The password is too long: at most {length} bytes",
    ko="비밀번호가 너무 깁니다. 최대 {length}바이트입니다",
)
