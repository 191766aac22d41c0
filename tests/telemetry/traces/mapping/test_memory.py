from __future__ import annotations

from proxy.telemetry.traces.mapping.memory import KnownInteraction, Memory, NotNow, no_lookup


def known(name: str) -> KnownInteraction:
    return KnownInteraction(
        context=None,
        started_at=1,
        known_at=2,
        status="completed",
        is_terminal=True,
        is_background=False,
        model=name,
        agent=None,
        root=None,
        turn=None,
    )


def test_what_was_added_is_found_until_it_is_forgotten() -> None:
    memory = Memory()
    memory.add("a", known("a"))

    assert memory.get("a", 9) == known("a")
    memory.forget("a")
    assert memory.get("a", 9) is None
    assert memory.get(None, 9) is None


def test_the_store_is_asked_once_and_then_remembered() -> None:
    asked: list[tuple[str, int]] = []

    def lookup(name: str, before: int) -> KnownInteraction | None:
        asked.append((name, before))
        return known(name) if name == "there" else None

    memory = Memory(lookup)
    found = [memory.get(name, 9) for name in ("there", "there", "not", "not")]

    assert found == [known("there"), known("there"), None, None]
    assert asked == [("there", 9), ("not", 9)]


def test_a_store_that_cannot_answer_now_is_asked_again() -> None:
    answers: list[KnownInteraction | NotNow] = [NotNow.NOT_NOW, known("a")]
    memory = Memory(lambda _name, _before: answers.pop(0))

    assert memory.get("a", 9) is None
    assert memory.get("a", 9) == known("a")


def test_the_least_used_goes_first() -> None:
    memory = Memory(no_lookup, interactions_max=2)
    memory.add("a", known("a"))
    memory.add("b", known("b"))
    memory.get("a", 9)
    memory.add("c", known("c"))

    assert len(memory) == 2
    assert memory.get("a", 9) is not None
    assert memory.get("b", 9) is None
