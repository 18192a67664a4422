"""The ASGI server: who may come in, which endpoint answers, TLS, the built UI. It declares no product's routes."""
