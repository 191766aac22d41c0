"""The trail with the whole program: what Google's SDK and others did is signed, and a stranger's verifier says so.

One proxy lives for three days: a whole one, a second one after which somebody keeps its checkpoint, and one on
which its folder was put back to how it was the evening before.
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxy.reading.verifying.account import Findings
from proxy.reading.verifying.joined import joined_verifier
from proxy.reading.verifying.verifier import check_trail
from tests.end_to_end.conftest import SetUp
from tests.end_to_end.programs import run_verb
from tests.end_to_end.sdk_play import KEY, MODEL, play
from tests.end_to_end.stage import Proxy, Stage, ask

SKIPPING = """
import sys

if "proxy.recorder" in sys.orig_argv:
    from proxy.recorder.pipeline import Pipeline

    finish = Pipeline._finish

    def but_the_third(self, finished):
        id_ = finished.exchange.id
        if id_.sequence != 3:
            finish(self, finished)
        elif self._vault.state.finish(id_):
            self._vault.state.exchange_count -= 1

    Pipeline._finish = but_the_third
"""


@dataclass(frozen=True, slots=True)
class Days:
    """Data folders as they were, and a checkpoint that somebody holds."""

    first: Path
    second: Path
    rolled_back: Path
    held: Path
    vkey: Path
    verifier: Path
    output: Path
    """What the proxy printed."""

    def verified(self, data: Path, *more: str) -> dict[str, Any]:
        """What the one file says of a data folder."""
        where = ["--trail", str(data / "trail"), "--vault", str(data / "vault")]
        return self.checked(*where, "--keys", str(data / "keys" / "slots"), *more)

    def checked(self, *what: str) -> dict[str, Any]:
        """What the one file says, in an interpreter that does not know the proxy."""
        done = subprocess.run(
            [sys.executable, "-I", str(self.verifier), *what, "--vkey", str(self.vkey), "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        told: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (1 if told["faults"] else 0)
        return told


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    folder = tmp_path_factory.mktemp("trail")
    stage = Stage.set_up(folder)
    try:
        data = stage.proxy.data
        play(stage.proxy.url)
        erase_one(stage.proxy)
        stage.proxy.stop()
        evening = copied(data, folder / "first")
        second = another_day(stage, folder / "second")
        held = Path(shutil.copy(data / "trail" / "checkpoint", folder / "held"))
        shutil.rmtree(data)
        shutil.copytree(evening, data)
        rolled_back = another_day(stage, folder / "rolled-back")
        verifier = folder / "verifier.py"
        verifier.write_text(joined_verifier(), "utf-8")
        vkey, output = data / "trail" / "trail.vkey", stage.proxy.program.output
        yield Days(evening, second, rolled_back, held, vkey, verifier, output)
    finally:
        print(stage.logs())
        stage.stop()


def erase_one(proxy: Proxy) -> None:
    ((name,),) = proxy.rows(
        "SELECT min(interaction) FROM observations WHERE interaction IS NOT NULL"
    )
    done = run_verb("erase", name, "--data", str(proxy.data), "--reason", "asked", "--yes")
    assert done.returncode == 0, done.stderr


def create(proxy: Proxy, count: int) -> None:
    connection = http.client.HTTPConnection(*proxy.address, timeout=60)
    body = json.dumps({"model": MODEL, "input": "Why?"})
    headers = {"x-goog-api-key": KEY, "Content-Type": "application/json"}
    for _ in range(count):
        connection.request("POST", "/v1beta/interactions", body, headers)
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()


def another_day(stage: Stage, kept: Path) -> Path:
    stage.proxy = Proxy(stage.folder, stage.emulator.url, trail__stdout="on")
    create(stage.proxy, 4)
    stage.proxy.stop()
    return copied(stage.proxy.data, kept)


def copied(data: Path, to: Path) -> Path:
    return Path(shutil.copytree(data, to, ignore=shutil.ignore_patterns("*.sock")))


@pytest.mark.parametrize("day", ["first", "second"])
def test_a_stranger_finds_every_record_there_or_declared(days: Days, day: str) -> None:
    data: Path = getattr(days, day)

    told = days.verified(data)

    ((exchanges,),) = ask(data / "facts.duckdb", "SELECT count(*) FROM exchanges")
    erased = ask(data / "facts.duckdb", "SELECT data FROM acts WHERE kind = 'erased'")
    shredded = {name for (one,) in erased for name in json.loads(one).get("exchanges", ())}
    counts = told["counts"]
    assert told["found"] == []
    assert (counts["exchanges"], counts["shredded"]) == (exchanges, len(shredded))
    assert counts["present"] == exchanges - len(shredded)
    assert shredded
    assert counts.get("open", 0) == 0


def test_every_checkpoint_was_a_line_on_standard_output(days: Days) -> None:
    *_, last = days.output.read_text("utf-8").splitlines()
    note = (days.rolled_back / "trail" / "checkpoint").read_text("utf-8")

    assert json.loads(last)["checkpoint"] == note


def test_evidence_of_one_interaction_is_checked_offline(days: Days, tmp_path: Path) -> None:
    """Of the one that was erased: its records are there, sealed for ever, and the log says since when."""
    acts = ask(days.first / "facts.duckdb", "SELECT data FROM acts WHERE kind = 'erased'")
    (erased,) = (name for (one,) in acts for name in json.loads(one).get("interactions", ()))
    done = run_verb("evidence", erased, "--data", str(days.first))
    assert done.returncode == 0, done.stderr
    bundle = tmp_path / "evidence.json"
    bundle.write_text(done.stdout, "utf-8")

    told = days.checked("--bundle", str(bundle))

    assert told["found"] == []
    assert told["counts"]["exchanges"] == told["counts"]["shredded"] > 0
    assert told["counts"]["acts"] >= 2


def test_a_checkpoint_of_yesterday_is_one_of_today(days: Days) -> None:
    told = days.verified(days.second, "--since", str(days.first / "trail" / "checkpoint"))

    assert told["found"] == []


def test_a_recorder_that_acted_on_yesterdays_journal_is_caught(days: Days) -> None:
    assert days.verified(days.rolled_back)["faults"] == 0  # by itself it is a good history

    told = days.verified(days.rolled_back, "--since", str(days.held))

    assert told["faults"] > 0


def test_a_recorder_that_skips_one_exchange_is_caught(
    set_up: SetUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps its books in order: nothing but the sequence of the gateway tells of it."""
    (tmp_path / "sitecustomize.py").write_text(SKIPPING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    stage = set_up()
    create(stage.proxy, 5)
    stage.proxy.stop()

    found = Findings()
    trail = stage.proxy.data / "trail"
    check_trail(trail, (trail / "trail.vkey").read_text(), None, found)

    assert [one.partition(": ")[0] for one in found.faults] == ["1 exchanges were never recorded"]
