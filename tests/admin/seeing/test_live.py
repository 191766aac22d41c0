from __future__ import annotations

from proxy.admin.seeing.live import STEPS_MAX, instant, live_row
from tests.store.samples import START_NS, recording, step


def test_an_exchange_is_told_with_its_steps_and_without_content() -> None:
    told = live_row(
        recording(1, model="m", status="in_progress", steps=(step("thought", text_bytes=7),)),
        is_open=True,
    )

    assert (told["interaction"], told["status"], told["model"]) == ("v1_one", "in_progress", "m")
    assert (told["is_open"], told["outcome"]) == (True, None)
    assert [(each["type"], each["text_bytes"]) for each in told["steps"]] == [("thought", 7)]


def test_of_many_steps_the_last_are_told() -> None:
    steps = tuple(step("thought", index) for index in range(STEPS_MAX + 5))

    told = live_row(recording(1, steps=steps), is_open=False)

    assert (told["step_count"], len(told["steps"])) == (STEPS_MAX + 5, STEPS_MAX)


def test_an_exchange_about_nothing_is_told_too() -> None:
    assert live_row(recording(1, interaction=None), is_open=False)["interaction"] is None


def test_an_instant_has_microseconds() -> None:
    assert instant(START_NS + 1_000) == "2026-09-21T14:13:20.000001Z"
