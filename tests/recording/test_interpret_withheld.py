"""What verification was shown is not there to be understood; that it looked is."""

from __future__ import annotations

from dataclasses import replace

from proxy.journal.format import Purpose
from proxy.recording.exchange import Body
from proxy.recording.interpret import interpret
from tests.recording.samples import exchange

ID = "v1_ChdhYmNkZWZnaGlqa2xtbm9wcXJzdHU"


def test_a_withheld_answer_leaves_who_looked_at_what_and_what_came_of_it() -> None:
    looked = replace(
        exchange(method="GET", target=f"/v1/interactions/{ID}"),
        response=Body(b"", 5000, (), was_truncated=True),
        purpose=Purpose.VERIFY,
        is_answer_withheld=True,
    )

    told = interpret(looked)

    assert told.exchange.purpose == "verify"
    assert (told.exchange.operation, told.exchange.interaction) == ("get", ID)
    assert (told.exchange.status, told.exchange.response_bytes) == (200, 5000)
    assert (told.observations, told.steps, told.contents, told.problems) == ((), (), (), ())


def test_what_the_steward_reads_is_understood_as_anybodys() -> None:
    read = replace(
        exchange(
            method="GET",
            target=f"/v1/interactions/{ID}",
            response={"id": ID, "status": "completed", "steps": []},
        ),
        purpose=Purpose.STEWARD,
    )

    told = interpret(read)

    assert told.exchange.purpose == "steward"
    assert [seen.status for seen in told.observations] == ["completed"]
