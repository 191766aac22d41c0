from __future__ import annotations

import json

import pytest

from proxy.admin.tokens import Reader, Role
from proxy.admin.trail import REFS_TOLD_MAX, REMEMBERED_MAX, REPEATS_NS, Told, Trail
from proxy.errors import StoreError
from tests.admin.served import Acts

READER = Reader("ada", Role.AUDITOR)


class Clock:
    now_ns = 10**18

    def __call__(self) -> int:
        return self.now_ns


async def test_a_reading_of_content_says_who_what_and_why() -> None:
    acts = Acts()
    told = Told("interaction", interaction="v1_one", reason="ticket 7", content_count=3)
    told.content_refs = [f"20261123-000001:{n}#0" for n in range(REFS_TOLD_MAX + 1)]

    await Trail(acts.tell, Clock()).content_shown(READER, told)

    (act,) = acts.told
    data = json.loads(act.data or "")
    assert (act.kind, act.actor, act.interaction) == ("access", "ada", "v1_one")
    assert (data["reason"], data["role"], data["content_count"]) == ("ticket 7", "auditor", 3)
    assert len(data["content_refs"]) == REFS_TOLD_MAX


async def test_what_cannot_be_written_down_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.admin.trail.DURABLE_WITHIN_S", 0.01)
    acts = Acts(refuses=True)

    with pytest.raises(StoreError, match="nothing is shown"):
        await Trail(acts.tell, Clock()).content_shown(READER, Told("interaction"))


def test_an_own_statement_is_kept_as_a_digest() -> None:
    acts = Acts()

    Trail(acts.tell, Clock()).asked(READER, Told("sql", sql="SELECT 'the secret word'"))

    (act,) = acts.told
    assert "secret" not in f"{act.data}{act.detail}"
    assert len(json.loads(act.data or "")["sql_sha256"]) == 64


def test_repeats_are_told_once_a_minute_and_at_the_end() -> None:
    acts, clock = Acts(), Clock()
    trail = Trail(acts.tell, clock)

    for _ in range(5):
        trail.asked(READER, Told("gaps"))
    clock.now_ns += REPEATS_NS
    trail.asked(READER, Told("gaps"))
    trail.asked(READER, Told("gaps"))
    trail.close()

    data = [json.loads(act.data or "") for act in acts.told]
    assert [each.get("repeats_before") for each in data] == [None, 4, 1]


def test_only_so_many_questions_are_remembered() -> None:
    acts = Acts()
    trail = Trail(acts.tell, Clock())

    for n in range(REMEMBERED_MAX + 50):
        trail.asked(READER, Told(f"q{n}"))

    assert len(acts.told) == REMEMBERED_MAX + 50
    assert len(trail._repeats) == REMEMBERED_MAX
