"""Organisation, projects, keys, people as Sentry's JSON."""

from __future__ import annotations

from typing import Any

from hannun.api.sentry.answers import iso
from hannun.api.sentry.backend import SentryBackend
from hannun.model.access import User
from hannun.model.account import Project

TEAM = "hannun"
"""There are no teams here; tools that want one are given this."""
SINCE = iso(0)
"""Where Sentry tells when a thing was made and nobody here knows."""


def organisation_json(backend: SentryBackend) -> dict[str, Any]:
    return {
        "id": "1",
        "slug": backend.organisation,
        "name": backend.organisation,
        "status": {"id": "active", "name": "active"},
        "dateCreated": SINCE,
        "isEarlyAdopter": False,
        "require2FA": False,
        "requireEmailVerification": False,
        "avatar": {"avatarType": "letter_avatar", "avatarUuid": None},
        "features": [],
        "links": {"organizationUrl": backend.url, "regionUrl": backend.url},
        "hasAuthProvider": False,
    }


def team_json(backend: SentryBackend) -> dict[str, Any]:
    return {
        "id": "1",
        "slug": TEAM,
        "name": TEAM,
        "dateCreated": SINCE,
        "isMember": True,
        "memberCount": len(backend.users()),
        "projects": [],
    }


def project_json(backend: SentryBackend, project: Project) -> dict[str, Any]:
    return {
        "id": str(project.id),
        "slug": project.slug,
        "name": project.name,
        "platform": None,
        "platforms": [],
        "status": "active",
        "dateCreated": SINCE,
        "isBookmarked": False,
        "isMember": True,
        "hasAccess": True,
        "features": ["releases"],
        "firstEvent": None,
        "team": {"id": "1", "slug": TEAM, "name": TEAM},
        "teams": [{"id": "1", "slug": TEAM, "name": TEAM}],
        "organization": {"id": "1", "slug": backend.organisation, "name": backend.organisation},
    }


def key_json(backend: SentryBackend, project: Project, key: str) -> dict[str, Any]:
    scheme, _, rest = backend.url.partition("://")
    rest = rest.rstrip("/")
    api = f"{scheme}://{rest}/api/{project.id}"
    return {
        "id": key,
        "name": project.slug,
        "label": project.slug,
        "public": key,
        "secret": "",
        "projectId": project.id,
        "isActive": True,
        "rateLimit": None,
        "dateCreated": SINCE,
        "browserSdkVersion": "latest",
        "dsn": {
            "public": f"{scheme}://{key}@{rest}/{project.id}",
            "secret": f"{scheme}://{key}@{rest}/{project.id}",
            "csp": f"{api}/security/?sentry_key={key}",
            "security": f"{api}/security/?sentry_key={key}",
            "minidump": f"{api}/minidump/?sentry_key={key}",
            "crons": f"{scheme}://{rest}/api/{project.id}/cron/___MONITOR_SLUG___/{key}/",
            "cdn": "",
        },
    }


def user_json(user: User) -> dict[str, Any]:
    """Here a user has a name and no address; tools that mail somebody find none."""
    return {
        "id": str(user.id),
        "name": user.name,
        "username": user.name,
        "email": user.name if "@" in user.name else "",
        "isActive": True,
        "avatarUrl": None,
        "role": user.role.name.lower(),
    }
