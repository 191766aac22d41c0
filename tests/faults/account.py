"""What became of tagged questions, by everybody's word but the proxy's own: clients, emulator, sealed records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.evidence import Evidence, closings, evidence, holes
from tests.end_to_end.load import Attempt
from tests.end_to_end.programs import run_verb
from tests.end_to_end.stage import Row, Stage, ask, tables


@dataclass(frozen=True, slots=True)
class Account:
    """Of a stage that was stopped."""

    data: Path
    attempts: list[Attempt]
    received: Counter[str]
    """Tags that reached the emulator, by its own ledger."""
    recorded: list[Evidence]

    @classmethod
    def of(cls, stage: Stage, attempts: list[Attempt]) -> Account:
        data = stage.proxy.data
        received = Counter(line["tag"] for line in stage.emulator.ledger("received"))
        return cls(data, attempts, received, evidence(data, attempts))

    def check(self) -> None:
        """Nothing lost, nothing doubled, nothing sent without an intent, every intent closed once."""
        recorded = {one.tag: one for one in self.recorded}
        tags = Counter(one.tag for one in self.recorded)
        assert {tag: n for tag, n in self.received.items() if n != 1} == {}
        assert {tag: tags[tag] for tag in self.received if tags[tag] != 1} == {}
        assert {tag: n for tag, n in tags.items() if n > 1} == {}
        served = [one for one in self.attempts if one.saw_end and one.status == 200]
        assert [one for one in served if not _tells(recorded.get(one.tag), one)] == []
        closed = closings(self.data)
        assert {str(id_): n for id_, n in closed.items() if n != 1} == {}
        assert set(closed) == {one.exchange for one in self.recorded}
        assert holes(list(closed)) == []

    def sql(self, statement: str) -> list[Row]:
        return ask(self.data / "facts.duckdb", statement)

    def rejected(self) -> int:
        """Questions that were answered with 503 and never reached the emulator."""
        return sum(one.status == 503 and not self.received[one.tag] for one in self.attempts)

    def declared(self) -> int:
        """Exchanges that the gap records tell."""
        ((count,),) = self.sql("SELECT coalesce(sum(exchange_count), 0) FROM gaps")
        return int(count)

    def check_rebuilt(self) -> None:
        """The tables hold what the vault tells, and nothing else."""
        before = tables(self.data)
        for file in self.data.glob("facts.duckdb*"):
            file.unlink()
        done = run_verb("rebuild", "--data", str(self.data))
        assert done.returncode == 0, done.stderr
        assert tables(self.data) == before


def _tells(record: Evidence | None, attempt: Attempt) -> bool:
    """Whether a record is the whole of what a client saw."""
    return record is not None and (
        record.outcome,
        record.status,
        record.request_bytes,
        record.response_bytes,
        record.seen_digest,
    ) == (
        "complete",
        attempt.status,
        attempt.sent_bytes,
        attempt.seen_bytes,
        attempt.digest.digest(),
    )
