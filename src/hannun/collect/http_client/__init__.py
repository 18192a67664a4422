"""HTTP towards others: scraping, discovery and probes ask through `HttpClient`, made by `make_client` from a config.

Not for receiving. Split by noun: `answer` (what comes back, how it fails), `auth` (credentials, OAuth 2 tokens),
`tls`, `proxy`, `dial` (names to addresses), `client` (redirects, bounds, deadlines).
"""

from __future__ import annotations

from hannun.collect.http_client.answer import Answer, Failure, FetchError, Stream
from hannun.collect.http_client.client import HttpClient, make_client
from hannun.collect.http_client.room import BodyRoom, Lease

__all__ = ["Answer", "BodyRoom", "Failure", "FetchError", "HttpClient", "Lease", "Stream", "make_client"]
