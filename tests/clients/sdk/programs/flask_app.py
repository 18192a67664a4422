"""A Flask service with one broken route, asked once."""

import sys

import sentry_sdk
from flask import Flask

sentry_sdk.init(dsn=sys.argv[1], release="web@2.0.0", environment="staging")
app = Flask(__name__)


@app.route("/cart/<name>")
def cart(name: str) -> str:
    return {"empty": []}[name]


app.test_client().get("/cart/full")
sentry_sdk.flush(5)
