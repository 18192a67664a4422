"""How large each part of an event may be. Beyond these it is trimmed with a remark, never refused."""

from __future__ import annotations

from hannun.process.events.shapes import Tree

SYMBOL = 512
"""Functions, modules, exception types, categories."""
PATH = 2048
LINE = 1024
"""One line of source. SDKs cut at 1024 (Python) and 140 (JavaScript)."""
MESSAGE = 8192
TAG = 200
NAME = 256
CULPRIT = 200
TITLE_VALUE = 256

FRAMES = 250
EXCEPTIONS = 50
THREADS = 256
CONTEXT_LINES = 20
BREADCRUMBS = 200
TAGS = 100
CONTEXTS = 100
MODULES = 2000
IMAGES = 1000
HEADERS = 100
PARAMS = 100
FINGERPRINT = 32

VARS = Tree(depth=5, characters=65_536, values=5000, longest=4096)
DATA = Tree(depth=6, characters=65_536, values=5000, longest=8192)
"""Of a breadcrumb, a mechanism, a frame."""
EXTRA = Tree(depth=8, characters=262_144, values=10_000, longest=65_536)
BODY = Tree(depth=8, characters=131_072, values=5000, longest=65_536)
CONTEXT = Tree(depth=8, characters=65_536, values=5000, longest=16_384)
ERRORS = Tree(depth=4, characters=65_536, values=2000, longest=1024)
"""What SDKs say of their own troubles."""
META = Tree(depth=30, characters=131_072, values=5000, longest=1024)
"""`_meta`, the sender's marks of what it redacted."""
REPORT = Tree(depth=5, characters=65_536, values=1000, longest=16_384)
"""What a browser reports by itself: CSP and its kin."""
