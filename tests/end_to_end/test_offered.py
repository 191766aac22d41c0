"""A person has copies deleted with a key that is offered for that alone; the proxy has no steward."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

from tests.end_to_end.conftest import SetUp
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_steward import KEY, OTHER, call

WITHIN: Final = "4s"
"""A DELETE and the first looks; two that see nothing are a minute apart."""


def dispose(stage: Stage, interaction: str, key: str) -> subprocess.CompletedProcess[str]:
    program = (sys.executable, "-P", "-m", "proxy", "dispose", interaction)
    about = ("--reason", "asked for", "--key-from-stdin", "--within", WITHIN)
    return subprocess.run(
        (*program, *about, "--data", str(stage.proxy.data)),
        input=f"{key}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def deletes(stage: Stage) -> list[str]:
    received = stage.emulator.ledger("received")
    return [line["target"].rpartition("/")[2] for line in received if line["method"] == "DELETE"]


def test_a_key_from_standard_input_deletes_what_is_of_its_client_and_nothing_else(
    set_up: SetUp,
) -> None:
    stage = set_up()
    wanted = {"model": "gemini-2.5-flash", "input": "Hi"}
    mine = call(stage.proxy.url, "POST", "/v1beta/interactions", wanted)["id"]
    foreign = call(stage.proxy.url, "POST", "/v1beta/interactions", wanted, OTHER)["id"]
    assert not stage.proxy.stewards()

    done, left = dispose(stage, mine, KEY), dispose(stage, foreign, KEY)

    assert deletes(stage) == [mine], (done, left)
    assert call(stage.emulator.url, "GET", f"/v1beta/interactions/{mine}")["error"]
    assert f"{mine}: verifying" in done.stdout, done.stderr
    assert "what is under way is on record" in done.stderr
    assert "not touched: it is of another client" in left.stdout
    assert (done.returncode, left.returncode) == (1, 1)
    states = dict[str, str](stage.proxy.rows("SELECT interaction, state FROM copies"))
    assert states == {mine: "verifying", foreign: "scheduled"}
    kept = b"".join(path.read_bytes() for path in stage.proxy.data.rglob("*") if path.is_file())
    assert KEY.encode() not in kept
    assert KEY not in json.dumps([done.stdout, done.stderr, stage.logs()])
