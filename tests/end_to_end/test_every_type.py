"""Everything the newest SDK has a type for passes the proxy, is recorded typed, and reads back equal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pydantic
import pytest
from google import genai

from tests.end_to_end.every_type import (
    OLD,
    OLD_STREAMED,
    STREAMED,
    WHOLE,
    Json,
    events,
    every_old_output,
    every_step,
    far_end,
    resource,
)
from tests.end_to_end.stage import Proxy
from tests.interactions.sdk_types import DATA

KINDS: Final = (WHOLE, STREAMED, OLD, OLD_STREAMED)
REDACTED: Final = "[redacted]"


@dataclass(frozen=True, slots=True)
class Played:
    """What the SDK made of each answer, and the proxy that carried them."""

    proxy: Proxy
    whole: Any
    """The SDK's Interaction."""
    streamed: list[Any]
    """The SDK's events."""
    old: Any


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with far_end() as upstream:
        proxy = Proxy(tmp_path_factory.mktemp("every"), upstream)
        try:
            yield _play(proxy)
        finally:
            proxy.stop()


def _play(proxy: Proxy) -> Played:
    with genai.Client(api_key="a-made-up-key", http_options={"base_url": proxy.url}) as client:

        def create(model: str, **more: Any) -> Any:
            return client.interactions.create(model=model, input="Everything.", **more)

        whole, old = create(WHOLE), create(OLD)
        streamed = list(create(STREAMED, stream=True))
        list(create(OLD_STREAMED, stream=True))
    proxy.flush()
    return Played(proxy, whole, streamed, old)


def shown(proxy: Proxy, kind: str) -> Json:
    """What `show --json` prints."""
    command = [sys.executable, "-m", "proxy", "show", resource(kind)["id"], "--json"]
    done = subprocess.run(
        [*command, "--data", str(proxy.data)], check=True, capture_output=True, timeout=120
    )
    found: Json = json.loads(done.stdout)
    return found


def output_steps(told: Json) -> list[Json]:
    return [step["content"] for step in told["timeline"] if step["side"] == "output"]


def as_recorded(steps: list[Json]) -> list[Json]:
    """Steps as the store shows them: secrets redacted, media of contents in objects of their own."""
    text = json.dumps(steps).replace(
        '"widget_context_token": "text"', f'"widget_context_token": "{REDACTED}"'
    )
    found: list[Json] = json.loads(text)
    return found


def with_data(steps: list[Json]) -> list[Json]:
    """Recorded steps with the data put back: all examples carry the same few bytes."""
    return [_filled(step) for step in steps]


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: DATA if _is_media(v) else _filled(v) for k, v in value.items()}
    return [_filled(item) for item in value] if isinstance(value, list) else value


def _is_media(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"$media"}


def unknown_parts(value: Any) -> list[Any]:
    """Everything in an object of the SDK that it has no type for."""
    if getattr(value, "is_unknown", False):
        return [value]
    if isinstance(value, list):
        return [each for item in value for each in unknown_parts(item)]
    is_model = isinstance(value, pydantic.BaseModel)
    return [
        each for part in (vars(value) if is_model else {}).values() for each in unknown_parts(part)
    ]


def test_the_sdk_has_a_type_for_all_of_it(played: Played) -> None:
    assert unknown_parts(played.whole) == unknown_parts(played.streamed) == []
    assert {step.type for step in played.whole.steps} == {step["type"] for step in every_step()}
    assert len(played.streamed) >= len(list(events()))


def test_nothing_of_it_is_counted_as_unknown(played: Played) -> None:
    assert played.proxy.rows("SELECT kind, name, place, count FROM unknowns") == []
    assert played.proxy.rows("SELECT kind, place, detail FROM problems") == []


def test_a_whole_answer_reads_back_as_it_was_sent(played: Played) -> None:
    told = shown(played.proxy, WHOLE)

    assert with_data(output_steps(told)) == as_recorded(every_step())


def test_what_the_sdk_parsed_is_what_was_recorded(played: Played) -> None:
    parsed = [
        step.model_dump(mode="json", by_alias=True, exclude_none=True)
        for step in played.whole.steps
    ]

    recorded = with_data(output_steps(shown(played.proxy, WHOLE)))

    assert [step["type"] for step in recorded] == [step["type"] for step in parsed]
    assert recorded == as_recorded(parsed)


def test_a_stream_of_it_reads_back_as_the_whole_answer(played: Played) -> None:
    told = shown(played.proxy, STREAMED)

    assert with_data(output_steps(told)) == as_recorded(every_step())


@pytest.mark.parametrize("kind", [OLD, OLD_STREAMED])
def test_the_old_schema_reads_back_as_steps(played: Played, kind: str) -> None:
    expected = [
        {"type": "model_output", "content": [each]}
        if each["type"] in {"text", "image", "audio", "video", "document"}
        else each
        for each in every_old_output()
    ]

    assert with_data(output_steps(shown(played.proxy, kind))) == as_recorded(expected)


def test_every_step_is_a_typed_row(played: Played) -> None:
    expected = [(place, step["type"]) for place, step in enumerate(every_step())]

    for kind in (WHOLE, STREAMED):
        assert expected == played.proxy.rows(
            "SELECT step_index, type FROM timeline WHERE side = 'output' AND is_known"
            f" AND interaction = '{resource(kind)['id']}' ORDER BY step_index"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_usage_errors_and_environment_are_known(played: Played, kind: str) -> None:
    told = shown(played.proxy, kind)
    about = told["interaction"]

    assert about["total_tokens"] == resource(kind)["usage"]["total_tokens"]
    assert {(line["kind"], line["modality"]) for line in told["usage"]} >= {
        ("input", "text"),
        ("grounding", "google_search"),
    }
    assert about["error_code"] == "safety"
    assert told["answer"]["errors"] == resource(kind)["errors"]
    assert not about["has_continuation_token"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_shown_to_people(played: Played, kind: str) -> None:
    command = [sys.executable, "-m", "proxy", "show", resource(kind)["id"]]

    done = subprocess.run(
        [*command, "--data", str(played.proxy.data)], check=True, capture_output=True, timeout=120
    )

    page = done.stdout.decode()
    assert all(step["type"] in page for step in every_old_output() if "_" in step["type"])
    assert "safety: Blocked." in page
