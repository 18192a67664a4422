from __future__ import annotations

import pytest
from sqlalchemy import insert

from hannun.model.errors import Conflict, NotFound, WireError
from hannun.model.release_record import COMMITS_MAX, Commit, Deploy, ReleaseChange, ReleaseQuestion
from hannun.store.meta import MetaStore
from hannun.store.meta.issues import RELEASES
from hannun.store.meta.releases import ReleaseTable
from hannun.testing.clock import FakeClock


@pytest.fixture
def releases(meta: MetaStore) -> ReleaseTable:
    return meta.releases


def seen(meta: MetaStore, version: str, first_ms: int, last_ms: int, project: int = 1) -> None:
    """As the events of a project name it."""
    row = {"project_id": project, "version": version, "first_seen_ms": first_ms, "last_seen_ms": last_ms}
    with meta.database.writing() as connection:
        connection.execute(insert(RELEASES).values(**row))


def versions(releases: ReleaseTable, **question: object) -> list[str]:
    return [one.version for one in releases.list(ReleaseQuestion(**question)).releases]  # type: ignore[arg-type]


def test_a_release_is_made_once_and_then_changed(releases: ReleaseTable) -> None:
    made, is_new = releases.make("shop@1.0.0", ReleaseChange(projects=(1,)))
    assert (made.projects, made.released_ms, is_new) == ((1,), None, True)
    again, is_new = releases.make("shop@1.0.0", ReleaseChange(projects=(2,), released_ms=5))
    assert (again.projects, again.released_ms, is_new) == ((1, 2), 5, False)
    assert releases.change("shop@1.0.0", ReleaseChange(archived=True, url="https://x")).archived


def test_what_events_made_and_what_people_said_is_one_release(meta: MetaStore, releases: ReleaseTable) -> None:
    seen(meta, "1.0.0", 1_000, 2_000)
    seen(meta, "1.0.0", 500, 1_500, project=2)
    assert releases.one("1.0.0").created_ms == 500
    assert not releases.make("1.0.0", ReleaseChange(released_ms=9_000))[1]
    found = releases.one("1.0.0")
    assert (found.projects, found.first_event_ms, found.last_event_ms) == ((1, 2), 500, 2_000)
    assert (found.created_ms, found.released_ms) == (500, 9_000)


@pytest.mark.parametrize("version", ["", ".", "..", "a/b", "a\\b", "a\nb", "a\tb", "unknown", "x" * 201])
def test_names_that_are_no_release(releases: ReleaseTable, version: str) -> None:
    with pytest.raises(WireError):
        releases.make(version, ReleaseChange())
    with pytest.raises(NotFound):
        releases.one(version)


def test_the_newest_comes_first_or_the_latest_version(
    meta: MetaStore, releases: ReleaseTable, clock: FakeClock
) -> None:
    for version in ("shop@1.10.0", "shop@1.9.0", "9f3c2ab", "shop@1.10.0-rc.1"):
        releases.make(version, ReleaseChange())
        clock.advance(1)
    assert versions(releases) == ["shop@1.10.0-rc.1", "9f3c2ab", "shop@1.9.0", "shop@1.10.0"]
    semver = ["shop@1.10.0", "shop@1.10.0-rc.1", "shop@1.9.0", "9f3c2ab"]
    assert versions(releases, sort="semver") == semver
    assert versions(releases, sort="semver", offset=1, limit=2) == semver[1:3]
    assert versions(releases, text="1.10") == ["shop@1.10.0-rc.1", "shop@1.10.0"]


def test_a_list_is_of_projects_and_without_what_is_archived(releases: ReleaseTable) -> None:
    releases.make("a", ReleaseChange(projects=(1,)))
    releases.make("b", ReleaseChange(projects=(2,)))
    releases.make("c", ReleaseChange(archived=True))
    assert versions(releases, projects=(2,)) == ["b"]
    assert sorted(versions(releases)) == ["a", "b"]
    assert versions(releases, archived=True) == ["c"]
    assert len(versions(releases, archived=None)) == 3


def test_commits_are_kept_the_newest_first_and_replaced(releases: ReleaseTable) -> None:
    first = Commit("a" * 40, "한 번", "김", "kim@example.com", 1_000, "shop", (("src/결제.py", "M"),))
    second = Commit("b" * 40, "again", "Lee", "", 2_000)
    releases.make("1.0.0", ReleaseChange(commits=(first, second)))
    assert list(releases.commits("1.0.0")) == [second, first]
    found = releases.one("1.0.0")
    assert (found.commits, found.head) == (2, second)
    assert sorted(found.authors) == [("Lee", ""), ("김", "kim@example.com")]
    releases.change("1.0.0", ReleaseChange(commits=(first,)))
    assert list(releases.commits("1.0.0")) == [first]
    many = tuple(Commit(f"{number:040x}") for number in range(COMMITS_MAX + 5))
    releases.change("1.0.0", ReleaseChange(commits=many))
    assert list(releases.commits("1.0.0")) == list(many[:COMMITS_MAX])


def test_the_release_before_that_has_commits(releases: ReleaseTable, clock: FakeClock) -> None:
    commits = (Commit("a" * 40),)
    for version, said in (("1", commits), ("2", commits), ("3", None), ("4", None)):
        releases.make(f"{version}.0.0", ReleaseChange(projects=(1,), commits=said))
        clock.advance(1)
    releases.make("other@1", ReleaseChange(projects=(2,), commits=commits))
    found = releases.previous_with_commits("4.0.0")
    assert found is not None
    assert found.version == "2.0.0"
    assert releases.previous_with_commits("1.0.0") is None


def test_deploys(releases: ReleaseTable) -> None:
    releases.make("1.0.0", ReleaseChange())
    first = releases.deploy("1.0.0", Deploy(0, "staging", finished_ms=5), (3,))
    second = releases.deploy("1.0.0", Deploy(0, "production", "blue", "https://x", 1, 2))
    assert list(releases.deploys("1.0.0")) == [second, first]
    found = releases.one("1.0.0")
    assert (found.deploys, found.deployed, found.projects) == (2, second, (3,))


def test_only_a_release_without_events_can_be_deleted(meta: MetaStore, releases: ReleaseTable) -> None:
    releases.make("1.0.0", ReleaseChange(projects=(1,), commits=(Commit("a" * 40),)))
    releases.deploy("1.0.0", Deploy(0, "production"))
    releases.delete("1.0.0")
    with pytest.raises(NotFound):
        releases.deploys("1.0.0")
    seen(meta, "2.0.0", 1, 2)
    with pytest.raises(Conflict):
        releases.delete("2.0.0")
