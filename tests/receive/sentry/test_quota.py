"""A key's tokens: what may come at once, what comes back with time, and how long a refusal holds."""

from __future__ import annotations

from hannun.model.project_key import KeyLimit, ProjectKey
from hannun.receive.sentry.quota import KeyQuota, Limited
from hannun.testing.clock import FakeClock


def key(**limits: KeyLimit) -> ProjectKey:
    return ProjectKey("a" * 32, 1, limits={name.removeprefix("all"): limit for name, limit in limits.items()})


def test_tokens_come_back_with_time() -> None:
    clock = FakeClock()
    quota, shop = KeyQuota(clock), key(error=KeyLimit(6, 60))
    assert all(quota.take(shop, "error") is None for _ in range(6))
    assert quota.take(shop, "error") == Limited(10, ("error",), "key", "key_quota")
    assert quota.active(shop) == (Limited(10, ("error",), "key", "key_quota"),)
    clock.advance(5)
    assert quota.take(shop, "error") == Limited(5, ("error",), "key", "key_quota")
    clock.advance(6)
    assert quota.active(shop) == ()
    assert quota.take(shop, "error") is None


def test_categories_do_not_touch_each_other() -> None:
    quota, shop = KeyQuota(FakeClock()), key(error=KeyLimit(1), session=KeyLimit(1))
    assert quota.take(shop, "error") is None
    assert quota.take(shop, "session") is None
    assert quota.take(shop, "error") is not None
    assert quota.take(shop, "attachment") is None


def test_what_one_limit_refuses_costs_the_other_nothing() -> None:
    quota, shop = KeyQuota(FakeClock()), key(error=KeyLimit(1), all=KeyLimit(3))
    assert quota.take(shop, "error") is None
    for _ in range(5):
        refused = quota.take(shop, "error")
        assert refused is not None
        assert refused.categories == ("error",)
    assert quota.take(shop, "session") is None
    assert quota.take(shop, "session") is None
    refused = quota.take(shop, "session")
    assert refused is not None
    assert refused.categories == ()


def test_more_at_once_than_the_whole_bucket_passes_when_it_is_full_and_then_all_wait() -> None:
    clock = FakeClock()
    quota, shop = KeyQuota(clock), key(log_item=KeyLimit(10, 10))
    assert quota.take(shop, "log_item", 100) is None
    refused = quota.take(shop, "log_item", 1)
    assert refused is not None
    assert refused.seconds >= 90


def test_nothing_may_come_in_where_the_limit_is_none() -> None:
    assert KeyQuota(FakeClock()).take(key(error=KeyLimit(0, 30)), "error") == Limited(
        30, ("error",), "key", "key_quota"
    )


def test_reports_of_losses_are_never_limited() -> None:
    assert KeyQuota(FakeClock()).take(key(all=KeyLimit(0)), "internal") is None
