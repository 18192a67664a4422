"""Releases, commits and deploys as Sentry's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hannun.api.sentry.answers import iso
from hannun.model.account import Project
from hannun.model.release import parse
from hannun.model.release_record import Commit, Deploy, ReleaseRecord


def release_json(one: ReleaseRecord, projects: Mapping[int, Project]) -> dict[str, Any]:
    """`projects` by number; those that are gone are left out."""
    return {
        "id": one.version,
        "version": one.version,
        "status": "archived" if one.archived else "open",
        "shortVersion": short(one.version),
        "versionInfo": version_json(one.version),
        "ref": one.ref or None,
        "url": one.url or None,
        "dateCreated": iso(one.created_ms),
        "dateStarted": iso(one.started_ms),
        "dateReleased": iso(one.released_ms),
        "data": {},
        "newGroups": sum(one.new_issues.values()),
        "owner": None,
        "commitCount": one.commits,
        "lastCommit": None if one.head is None else commit_json(one.head),
        "deployCount": one.deploys,
        "lastDeploy": None if one.deployed is None else deploy_json(one.deployed),
        "authors": [{"name": name, "email": email} for name, email in one.authors],
        "projects": [
            {
                "id": number,
                "slug": projects[number].slug,
                "name": projects[number].name,
                "newGroups": one.new_issues.get(number, 0),
                "platform": None,
                "platforms": [],
                "hasHealthData": False,
            }
            for number in one.projects
            if number in projects
        ],
        "firstEvent": iso(one.first_event_ms),
        "lastEvent": iso(one.last_event_ms),
        "currentProjectMeta": {},
        "userAgent": None,
    }


def short(version: str) -> str:
    """Without its package: `shop@1.2.0+5` is `1.2.0 (5)`, and a commit its first twelve letters."""
    info = parse(version)
    bare = version.rpartition("@")[2]
    if info is None:
        return bare[:12] if len(bare) == 40 and all(letter in "0123456789abcdef" for letter in bare) else bare
    number, plus, build = bare.partition("+")
    return f"{number} ({build})" if plus else number


def version_json(version: str) -> dict[str, Any]:
    info = parse(version)
    package, _, bare = version.rpartition("@")
    told: dict[str, Any] = {
        "package": package or None,
        "version": {"raw": bare},
        "description": short(version),
        "buildHash": None,
    }
    if info is not None:
        major, minor, patch, revision = info.numbers
        told["version"] |= {
            "major": major,
            "minor": minor,
            "patch": patch,
            "components": 4 if revision else 3,
            "pre": info.prerelease or None,
            "buildCode": info.build or None,
        }
    return told


def commit_json(one: Commit) -> dict[str, Any]:
    return {
        "id": one.sha,
        "message": one.message or None,
        "dateCreated": iso(one.at_ms),
        "repository": {"id": "0", "name": one.repository} if one.repository else None,
        "author": {"name": one.author_name, "email": one.author_email},
        "pullRequest": None,
        "releases": [],
    }


def deploy_json(one: Deploy) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "environment": one.environment,
        "name": one.name or None,
        "url": one.url or None,
        "dateStarted": iso(one.started_ms),
        "dateFinished": iso(one.finished_ms),
    }
