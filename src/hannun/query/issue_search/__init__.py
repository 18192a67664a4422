"""Sentry's search language for issues: text -> terms (`model/issue_search.py`), all of which must hold.

`is:unresolved release:1.2 !browser.name:Chrome user.email:[a@b.kr,c@d.kr] age:-24h has:url timesSeen:>10 words`.
"""

from hannun.query.issue_search.parser import parse

__all__ = ["parse"]
