"""What is masked, that both ways of masking agree, and which lines are one pattern."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.log import TextColumn
from hannun.process.patterns import Mined, Miner, hashes, mask
from hannun.process.patterns.mine import CLUSTERS_MAX, OTHERS


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("GET /orders/17 200", "GET /orders/<_> <_>"),
        ("2026-11-20T14:02:31.123Z started", "<_> started"),
        ('10.2.0.1:80 - - [20/Nov/2026:14:02:31 +0900] "GET /x"', '<_> - - [<_>/Nov/<_> +<_>] "GET /x"'),
        ("took 1.5ms, 3 rows", "took <_>, <_> rows"),
        ("id=550e8400-e29b-41d4-a716-446655440000 ok", "id=<_> ok"),
        ("결제 완료: 주문 ord_9f3a 9900원", "결제 완료: 주문 <_> <_>"),
        ('{"level":"info","message":"paid 17","id":3}', "paid <_>"),
        ('{"msg": "a \\"quoted\\" word 7"}', 'a \\"quoted\\" word <_>'),
        ('{"msg": 7, "log": "x1"}', "<_>"),
        ('{"status": 200}', '{"status": <_>}'),
        ("1-", "<_>-"),
        ("id=550e8400-abcd-41d4-a716-446655440000 ok", "id=<_> ok"),
        ("pod-7f-dbcbe", "pod-<_>"),
        ("v1/feed v1-add v1-admin face-1", "<_>/feed <_>-add <_>-admin face-<_>"),
        ("", ""),
    ],
)
def test_what_changes_from_line_to_line_is_masked(line: str, masked: str) -> None:
    assert mask(line.encode()) == masked


texts = st.one_of(
    st.text('ab1 2.:-/+"{}\\,한=', max_size=40),
    st.lists(st.sampled_from(["1", "-", "abcd", "BEEF", "a", "x", "/", " ", "f"]), max_size=12).map("".join),
    st.sampled_from(['{"msg":"a1"', '{"message":"x', '{"message" : 7, "msg":"b"}', '{"log":"\\', "x1:2:y"]),
)


@settings(deadline=None)
@given(st.lists(texts, max_size=6))
def test_equal_masks_have_equal_hashes_and_others_others(lines: list[str]) -> None:
    column = TextColumn.of(lines)
    found = hashes(column.data, column.offsets).tolist()
    masks = [mask(line.encode()) for line in lines]
    for one, mask_one in zip(found, masks, strict=True):
        for other, mask_other in zip(found, masks, strict=True):
            # A mask that stands in the line itself is text, and differs from ours.
            assert (one == other) == (mask_one == mask_other)


def learn(miner: Miner, service: str, line: str) -> Mined:
    column = TextColumn.of([line])
    return miner.learn(service, int(hashes(column.data, column.offsets)[0]), mask(line.encode()))


def test_lines_that_differ_in_a_word_are_one_pattern_with_one_id() -> None:
    miner = Miner()
    first = learn(miner, "api", "user kim logged in from the office network")
    second = learn(miner, "api", "user lee logged in from the office network")
    assert (first.is_new, second.is_new) == (True, False)
    assert first.id == second.id
    assert second.text == "user <_> logged in from the office network"
    assert learn(miner, "api", "the disk is full").id != first.id
    assert learn(miner, "web", "user kim logged in from the office network").id != first.id


def test_a_known_mask_costs_a_lookup() -> None:
    miner = Miner()
    column = TextColumn.of(["took 5 ms"])
    one = int(hashes(column.data, column.offsets)[0])
    assert miner.known("api", one) is None
    learnt = miner.learn("api", one, "took <_> ms")
    assert miner.known("api", one) == learnt.id
    assert miner.known("web", one) is None


def test_patterns_of_an_earlier_life_keep_their_ids() -> None:
    miner = Miner()
    old = learn(miner, "api", "user kim logged in from the office network")
    again = Miner()
    again.remember([old])
    found = learn(again, "api", "user kim logged in from the office network")
    assert (found.id, found.is_new) == (old.id, False)


def test_a_flood_of_patterns_is_bounded() -> None:
    miner = Miner()
    words = [chr(97 + i % 26) * (1 + i // 26) for i in range(CLUSTERS_MAX + 50)]
    found = [learn(miner, "api", " ".join([word] * (1 + i % 40))) for i, word in enumerate(words)]
    assert len({one.id for one in found}) <= CLUSTERS_MAX + 1
    assert OTHERS in {one.text for one in found}
