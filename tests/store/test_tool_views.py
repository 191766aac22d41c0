"""The views about tools say of random conversations what the pure analysis says."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from proxy.audit.tool_contract import Contract, Finding, ToolCall, ToolStep, contract_of
from proxy.recording.facts import Recording, StepFact
from proxy.store import queries
from proxy.store.database import Database
from tests.store.samples import SECOND_NS, START_NS, batch, id_hash, recording, step

CONVERSATIONS = 40
TURNS_MAX = 6

CALLS = """
    SELECT interaction, place, tool, name, server_name, call_id, ran_at, epoch_us(called_at),
        result_interaction, epoch_us(answered_at), duration_ns, is_error, answer_count
    FROM tool_calls
    ORDER BY called_at, interaction, place
"""
FINDINGS = """
    SELECT kind, interaction, call_id, name, epoch_us(seen_at)
    FROM tool_findings
    ORDER BY ALL
"""


class Play:
    """Random conversations: stored or stateless, with every fault that can be had."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._number = 0
        self.recordings: list[Recording] = []

    def conversation(self, name: int) -> None:
        dice = self._dice
        is_stored = dice.random() < 0.6
        history: list[StepFact] = []
        previous: str | None = None
        for turn in range(dice.randint(1, TURNS_MAX)):
            interaction = f"v1_{name}_{turn}"
            sent = [*([] if is_stored else history), *self._news()]
            answer = self._answer()
            self._number += 1
            taken = dice.random() < 0.85
            shown = (*self._side(sent, "input"), *self._side(answer if taken else [], "output"))
            self.recordings.append(
                recording(
                    self._number,
                    interaction=interaction,
                    seconds=self._number * dice.choice([1, 1, 60]),
                    steps=shown,
                    status=dice.choice(["completed", "requires_action", "failed"])
                    if taken
                    else None,
                    root_hash=id_hash(f"v1_{name}_0" if is_stored else interaction),
                    previous_interaction_id=previous if is_stored else None,
                    previous_hash=id_hash(previous) if is_stored and previous else None,
                )
            )
            history = [*sent, *answer]
            previous = dice.choice([previous, interaction, interaction, "v1_unseen"])

    def _news(self) -> list[StepFact]:
        made = [step("user_input")]
        for _ in range(self._dice.randint(0, 3)):
            ids = ",".join(self._dice.sample(["c1", "c2", "c3", "(odd)"], self._dice.randint(1, 2)))
            one = self._dice.choice(["c1", "c2", "c3"])
            is_error = self._dice.choice([None, True, False])
            nested = step("user_input", call_id=ids)
            made.append(
                self._dice.choice(
                    [step("function_result", call_id=one, name="look", is_error=is_error), nested]
                )
            )
        return made

    def _answer(self) -> list[StepFact]:
        dice = self._dice
        made: list[StepFact] = []
        for _ in range(dice.randint(0, 3)):
            tool = dice.choice(["function", "function", "google_search", "mcp_server_tool"])
            identity = dice.choice(["c1", "c2", "c3", None])
            began = START_NS + dice.randint(0, 90) * SECOND_NS
            made.append(
                step(
                    f"{tool}_call",
                    call_id=identity,
                    name="look",
                    step_mac=dice.choice([None, f"mac{dice.randint(0, 99)}"]),
                    started_at=dice.choice([None, began]),
                )
            )
            if dice.random() < 0.3:
                ended = dice.choice([None, began + SECOND_NS])
                made.append(step(f"{tool}_result", call_id=identity, ended_at=ended))
        return [*made, step("model_output")] if dice.random() < 0.5 else made

    @staticmethod
    def _side(steps: list[StepFact], side: str) -> list[StepFact]:
        return [
            step(
                each.type,
                place,
                side,
                call_id=each.call_id,
                name=each.name,
                is_error=each.is_error,
                step_mac=each.step_mac,
                started_at=each.started_at if side == "output" else None,
                ended_at=each.ended_at if side == "output" else None,
            )
            for place, each in enumerate(steps)
        ]


def analysed(database: Database) -> Contract:
    with database.cursor() as cursor:
        found = queries.rows(cursor, "tool_steps", ToolStep, interactions=None, limit=100_000)
        (last,) = queries.dicts(cursor, "last_record")[1]
        return contract_of(found, last["at"])


@pytest.mark.parametrize("seed", [1, 2])
def test_views_and_analysis_agree_on_random_conversations(database: Database, seed: int) -> None:
    play = Play(seed)
    for name in range(CONVERSATIONS):
        play.conversation(name)
    database.ingest(batch(*play.recordings))

    told = analysed(database)

    cursor = database.cursor()
    assert [ToolCall(*row) for row in cursor.execute(CALLS).fetchall()] == list(told.calls)
    found = [Finding(*row) for row in cursor.execute(FINDINGS).fetchall()]
    order = sorted(told.findings, key=lambda one: (one.kind, one.interaction, one.call_id))
    assert sorted(found, key=lambda one: (one.kind, one.interaction, one.call_id)) == order
    kinds = Counter(one.kind for one in told.findings)
    assert min(kinds.values()) >= 3, kinds
    assert len(kinds) == 4


def test_few_conversations_tell_of_their_calls_what_all_of_them_tell(database: Database) -> None:
    play = Play(3)
    for name in range(CONVERSATIONS):
        play.conversation(name)
    database.ingest(batch(*play.recordings))
    cursor = database.cursor()
    calls = cursor.execute("FROM tool_calls ORDER BY ALL").fetchall()
    columns = [each[0] for each in cursor.description or ()]
    since = sorted(call[columns.index("called_at")] for call in calls)[len(calls) // 2]

    late = cursor.execute(
        "FROM tool_calls_among(FALSE, $since::TIMESTAMP, NULL::UBIGINT) "
        "WHERE called_at >= $since ORDER BY ALL",
        {"since": since},
    ).fetchall()

    assert late == [call for call in calls if call[columns.index("called_at")] >= since]
    found = cursor.execute(f"FROM ({FINDINGS}) WHERE #5 >= epoch_us($since)", {"since": since})
    findings = found.fetchall()
    among = FINDINGS.replace(
        "FROM tool_findings",
        "FROM tool_findings_among(FALSE, (SELECT list(id_hash) FROM interactions_since($since)))"
        " WHERE seen_at >= $since",
    )
    assert cursor.execute(among, {"since": since}).fetchall() == findings
    assert findings
    for name in {call[0] for call in calls[::7]}:
        own = cursor.execute(
            "FROM tool_calls_among(FALSE, NULL::TIMESTAMP, hash_of($name)) "
            "WHERE interaction = $name ORDER BY ALL",
            {"name": name},
        ).fetchall()
        assert own == [call for call in calls if call[0] == name]


@pytest.mark.parametrize("view", ["tool_steps", "tool_calls", "tool_findings"])
def test_what_tools_did_costs_in_proportion_to_the_calls(one_database: Database, view: str) -> None:
    """A join without an equality compares each row with each: nine seconds of 50,000 interactions."""
    plan = one_database.cursor().execute(f"EXPLAIN FROM {view}").fetchall()[0][1]

    assert "HASH_JOIN" in plan
    assert "NL_JOIN" not in plan
    assert "NESTED_LOOP" not in plan
