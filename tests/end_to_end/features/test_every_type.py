"""The emulator tells every type that the newest SDK knows; the SDK reads it through the proxy; the records hold it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from google import genai

from proxy.emulator import scenarios
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_every_type import unknown_parts
from tests.interactions.sdk_types import MODELS, STEPS, members, type_of

SCENARIO: Final = Path(scenarios.__file__).parent / "examples" / "every_step_type.yaml"
EVERY_STEP: Final = {type_of(step) for step in members(STEPS) if step in MODELS.values()}
SAID_BY_CALLERS: Final = {"user_input"}


@dataclass(frozen=True, slots=True)
class Everything:
    """What the SDK got, and how the proxy knows it."""

    stage: Stage
    made: Any
    whole: Any
    """By GET."""
    events: list[Any]

    def shown(self, identity: str) -> list[dict[str, Any]]:
        """The output steps that `show --json` prints."""
        command = [sys.executable, "-m", "proxy", "show", identity, "--json"]
        done = subprocess.run(
            [*command, "--data", str(self.stage.proxy.data)],
            check=True,
            capture_output=True,
            timeout=120,
        )
        told = json.loads(done.stdout)["timeline"]
        return [step["content"] for step in told if step["side"] == "output"]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    stage = Stage.set_up(tmp_path_factory.mktemp("stage"), "--scenario", str(SCENARIO))
    asked: dict[str, Any] = {"model": "gemini-3-flash-preview", "input": "Show me everything."}
    try:
        options: Any = {"base_url": stage.proxy.url}
        with genai.Client(api_key="a-made-up-key", http_options=options) as client:
            made: Any = client.interactions.create(**asked)
            whole = client.interactions.get(id=made.id)
            events: Any = list(client.interactions.create(**asked, stream=True))
        stage.proxy.flush()
        yield Everything(stage, made, whole, events)
    finally:
        print(stage.logs())
        stage.stop()


def without_media(value: Any) -> Any:
    """Media are objects of their own in the records: their place is compared, not their bytes."""
    if isinstance(value, dict):
        return {k: "media" if k == "data" else without_media(v) for k, v in value.items()}
    return [without_media(item) for item in value] if isinstance(value, list) else value


def plain(steps: list[Any]) -> list[Any]:
    told = [step.model_dump(mode="json", by_alias=True, exclude_none=True) for step in steps]
    for step in told:
        # A token that opens Google's widget is a credential, and never in clear.
        for item in step.get("result") or () if isinstance(step.get("result"), list) else ():
            if "widget_context_token" in item:
                item["widget_context_token"] = "[redacted]"
    return [without_media(step) for step in told]


def test_every_step_type_is_told_and_known_to_the_sdk(everything: Everything) -> None:
    assert {step.type for step in everything.whole.steps} == EVERY_STEP
    assert {step.type for step in everything.made.steps} == EVERY_STEP - SAID_BY_CALLERS
    assert unknown_parts(everything.whole) == unknown_parts(everything.events) == []


def test_every_step_is_recorded_typed(everything: Everything) -> None:
    expected = [step.type for step in everything.made.steps]

    recorded = everything.stage.proxy.rows(
        "SELECT type, is_known FROM timeline WHERE side = 'output'"
        f" AND interaction = '{everything.made.id}' ORDER BY step_index"
    )

    assert recorded == [(type_, True) for type_ in expected]


def test_what_the_sdk_parsed_reads_back_equal(everything: Everything) -> None:
    recorded = [without_media(step) for step in everything.shown(everything.made.id)]

    assert recorded == plain(everything.made.steps)


def test_a_stream_of_it_reads_back_with_the_same_types(everything: Everything) -> None:
    identity = everything.events[0].interaction.id
    started = [e.step.type for e in everything.events if e.event_type == "step.start"]

    assert [step["type"] for step in everything.shown(identity)] == started
    assert set(started) == EVERY_STEP - SAID_BY_CALLERS


def test_nothing_of_it_counts_as_drift(everything: Everything) -> None:
    assert everything.stage.proxy.rows("SELECT kind, name, place FROM unknowns") == []
    assert everything.stage.proxy.rows("SELECT kind, place, detail FROM problems") == []
