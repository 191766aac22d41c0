"""google-genai 1.55.0, the first with interactions: old schema, two User-Agent lines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.outside.conftest import PROGRAMS, Play, Witness, required


@pytest.fixture(scope="module")
def witness(play: Play) -> Witness:
    return play([required("SDK_OLDEST_PYTHON"), str(PROGRAMS / "play.py")])


def test_it_is_the_version_meant(witness: Witness) -> None:
    assert witness.version == "1.55.0"


def test_each_result_is_the_same_as_that_of_the_direct_call(witness: Witness) -> None:
    assert witness.through == witness.directly
    assert len(witness.through) > 9


def test_both_user_agent_lines_arrive_unchanged(witness: Witness) -> None:
    through = witness.proxied.wire.lines("user-agent")

    assert through == witness.direct.wire.lines("user-agent")
    assert through[0] == b"User-Agent: GeminiNextGenAPIClient/Python 1.55.0"
    assert through[1].startswith(b"user-agent: google-genai-sdk/1.55.0 gl-python/")
    assert len(through) == 2 * len(witness.proxied.emulator.ledger())


def test_every_header_name_arrives_in_its_place(witness: Witness) -> None:
    through, directly = (
        [_names(line) for line in place.emulator.ledger("received")]
        for place in (witness.proxied, witness.direct)
    )

    assert through == directly


@pytest.mark.parametrize("event", ["received", "answered"])
def test_upstream_gets_and_gives_the_same_bytes(witness: Witness, event: str) -> None:
    through, directly = (
        [_digest(line) for line in place.emulator.ledger(event)]
        for place in (witness.proxied, witness.direct)
    )

    assert through == directly


def test_every_exchange_and_its_typed_outputs_are_in_the_records(witness: Witness) -> None:
    expected = [line["status"] for line in witness.proxied.emulator.ledger()]

    recorded = witness.proxy.rows("SELECT status FROM exchanges ORDER BY sequence")
    types = witness.proxy.rows("SELECT DISTINCT type FROM steps WHERE side = 'output'")

    assert [status for (status,) in recorded] == expected
    assert {type_ for (type_,) in types} >= {"thought", "model_output"}


def _names(line: dict[str, Any]) -> list[str]:
    return [name for name in line["header_names"] if name.lower() != "connection"]


def _digest(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["n"], line["body_bytes"], line["body_sha256"], line.get("status")
