"""A FastAPI service with one broken route, asked once."""

import sys

import sentry_sdk
from fastapi import FastAPI
from fastapi.testclient import TestClient

sentry_sdk.init(dsn=sys.argv[1], release="shop@1.8.2", environment="production", send_default_pii=True)
app = FastAPI()


@app.post("/orders/{order}")
def pay(order: int) -> None:
    sentry_sdk.set_user({"id": "42", "email": "kim@example.kr"})
    password, amount = "hunter2", 12_000
    sentry_sdk.add_breadcrumb(category="cart", message="장바구니에 담음", data={"amount": amount})
    raise ValueError(f"order {order} cannot be paid with {len(password)} letters")


TestClient(app, raise_server_exceptions=False).post("/orders/17?coupon=a", json={"card": "4111 1111 1111 1111"})
sentry_sdk.flush(5)
