from __future__ import annotations

from typing import Any

import pytest

from hannun.model.access import Role
from hannun.model.errors import ConfigError
from hannun.model.secret import verify_password
from hannun.web.auth import make_first_admin

Build = Any


async def test_a_password_makes_the_first_user(build: Build) -> None:
    meta = build().meta
    user = make_first_admin(meta.users, "from the environment")
    assert user is not None
    assert (user.name, user.role) == ("admin", Role.ADMIN)
    assert verify_password(meta.users.all()[0].password_hash, "from the environment")


async def test_it_never_touches_users_that_are_there(build: Build) -> None:
    house = build()
    house.user()
    assert make_first_admin(house.meta.users, "from the environment") is None
    assert [account.user.name for account in house.meta.users.all()] == ["ann"]


@pytest.mark.parametrize("password", [None, ""])
async def test_no_password_makes_nobody(build: Build, password: str | None) -> None:
    assert make_first_admin(build().meta.users, password) is None


async def test_grafanas_admin_admin_is_taken_with_a_warning(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    assert make_first_admin(build().meta.users, "admin") is not None
    assert "take at least 8" in caplog.text
    assert "admin123" not in caplog.text


async def test_a_password_beyond_the_cap_is_refused(build: Build) -> None:
    with pytest.raises(ConfigError, match="too long"):
        make_first_admin(build().meta.users, "x" * 2_000)
