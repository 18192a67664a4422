"""A Django service in one file with one broken view, asked once."""

import sys

import django
import sentry_sdk
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from werkzeug.test import Client

sentry_sdk.init(dsn=sys.argv[1], release="admin@3.1.0", environment="production")


def report(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(int(request.GET["days"])))


urlpatterns = [path("report/", report)]
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
django.setup()
Client(get_wsgi_application()).get("/report/?days=many")
sentry_sdk.flush(5)
