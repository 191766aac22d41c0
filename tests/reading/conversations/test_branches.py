from __future__ import annotations

from typing import Any

from proxy.audit.lineage.forest import forest_of
from proxy.audit.lineage.turn import Turn
from proxy.reading.conversations.branches import tree_lines

SECOND = 1_000_000
NOON = 1_790_000_000 * SECOND
"""2026-09-21 14:13:20 UTC."""


def turn(name: str, seconds: int, previous: str | None = None, **given: Any) -> Turn:
    defaults: dict[str, Any] = {"model": "flash", "status": "completed", "total_tokens": 10}
    return Turn(name, NOON + seconds * SECOND, previous, **(defaults | given))


def lines(*turns: Turn, width: int = 100) -> list[str]:
    forest = forest_of(turns)
    return [line.plain for line in tree_lines(forest, forest.roots[0], width)]


def test_a_chain_stays_in_one_column() -> None:
    assert lines(turn("v1_a", 0), turn("v1_b", 5, "v1_a"), turn("v1_c", 9, "v1_b")) == [
        "3 turns · 1 tip (1 live) · 30 tokens",
        "○ v1_a  2026-09-21 14:13:20  flash  completed  10 tokens",
        "○ v1_b  2026-09-21 14:13:25  flash  completed  10 tokens",
        "● v1_c  2026-09-21 14:13:29  flash  completed  10 tokens",
        "    branch: 3 turns · 30 tokens",
    ]


def test_a_fork_is_indented_and_says_what_each_branch_lost() -> None:
    sent = "system_instruction,tools"
    assert lines(
        turn("v1_a", 0, settings_sent=sent, cost_pico_usd=2_000_000, is_cost_complete=True),
        turn("v1_b", 1, "v1_a", settings_sent="tools", cost_pico_usd=1, model="pro"),
        turn("v1_b2", 2, "v1_b", status="failed", error_code="safety", total_tokens=None),
        turn("v1_c", 3, "v1_a", settings_sent=sent, input_tokens=8, cached_tokens=2),
    ) == [
        "4 turns · 2 tips (1 live) · 30 tokens · at least $0.000002",
        "○ v1_a  2026-09-21 14:13:20  flash  completed  10 tokens  $0.000002",
        "├─ ○ v1_b  2026-09-21 14:13:21  pro  completed  10 tokens  at least $0.000000",
        "│  │   not sent again: system_instruction",
        "│  │   before it answered flash",
        "│  ○ v1_b2  2026-09-21 14:13:22  flash  failed",
        "│      before it answered pro",
        "│      branch: 3 turns · 20 tokens · at least $0.000002",
        "└─ ● v1_c  2026-09-21 14:13:23  flash  completed  10 tokens  25% cached",
        "       branch: 2 turns · 20 tokens · at least $0.000002",
    ]


def test_what_was_refused_is_counted_apart() -> None:
    busy = turn("exchange:x", 1, "v1_a", status=None, error_code="rate_limited", total_tokens=None)

    assert lines(turn("v1_a", 0), busy)[0].startswith("2 turns, 1 refused · 1 tip (1 live)")


def test_orphans_and_the_deleted_say_so() -> None:
    assert lines(turn("v1_a", 0, "v1_gone", deleted_at=NOON), turn("v1_b", 1, "v1_a"))[1:] == [
        "○ v1_a  2026-09-21 14:13:20  flash  completed  10 tokens",
        "│   goes on from a turn that was never recorded: v1_gone",
        "│   deleted 2026-09-21 14:13:20 UTC",
        "● v1_b  2026-09-21 14:13:21  flash  completed  10 tokens",
        "    goes on from a deleted turn",
        "    branch: 2 turns · 20 tokens",
    ]


def test_a_hostile_name_moves_no_cursor() -> None:
    (_, line, *_) = lines(turn("v1_a", 0, model="\x1b[2Jevil\u202e", status="a\nb"))

    assert "\\e[2Jevil\\u202e" in line
    assert "\x1b" not in line


def test_a_long_id_keeps_its_end_where_there_is_little_room() -> None:
    named = "v1_" + "same" * 12 + "own_end"

    assert lines(turn(named, 0), width=80)[1].split()[1].endswith("own_end")
    assert named in lines(turn(named, 0), width=160)[1]


def test_a_thousand_forks_deep_is_drawn_in_bounds() -> None:
    turns = [turn("v1_0", 0)]
    for depth in range(1, 1000):
        turns.append(turn(f"v1_{depth}", depth, f"v1_{depth - 1}"))
        turns.append(turn(f"v1_side{depth}", depth, f"v1_{depth - 1}"))

    drawn = lines(*turns)

    assert len(drawn) > 2 * 999
    assert max(len(line) for line in drawn) < 150
