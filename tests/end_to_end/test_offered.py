"""A person has copies deleted with a key that is offered for that alone; the proxy has no steward."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from tests.end_to_end.conftest import SetUp
from tests.end_to_end.planting import files, found_in
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_steward import KEY, OTHER, call


def dispose(stage: Stage, interaction: str) -> subprocess.Popen[str]:
    """With KEY."""
    program = (sys.executable, "-P", "-m", "proxy", "dispose", interaction)
    about = ("--reason", "asked for", "--key-from-stdin", "--data", str(stage.proxy.data))
    pipe = subprocess.PIPE
    begun = subprocess.Popen((*program, *about), stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert begun.stdin is not None
    begun.stdin.write(f"{KEY}\n")
    begun.stdin.close()
    begun.stdin = None
    return begun


def states(stage: Stage) -> dict[str, str]:
    return dict(stage.proxy.rows("SELECT interaction, state FROM copies WHERE state IS NOT NULL"))


def test_a_key_from_standard_input_deletes_what_is_of_its_client_and_nothing_else(
    set_up: SetUp,
) -> None:
    stage = set_up()
    wanted = {"model": "gemini-2.5-flash", "input": "Hi"}
    mine = call(stage.proxy.url, "POST", "/v1beta/interactions", wanted)["id"]
    foreign = call(stage.proxy.url, "POST", "/v1beta/interactions", wanted, OTHER)["id"]
    assert not stage.proxy.stewards()

    with dispose(stage, foreign) as left:
        said, _ = left.communicate(timeout=120)
    assert "not touched: it is of another client" in said
    assert left.returncode == 1

    with dispose(stage, mine) as done:  # two looks that see nothing are a minute apart
        look_until(lambda: states(stage).get(mine) == "verifying" or None, "its DELETE's answer")
        done.send_signal(signal.SIGINT)
        told = done.communicate(timeout=120)
    assert "cancelled: what is under way is on record" in told[1]
    assert done.returncode == 130

    received = stage.emulator.ledger("received")
    deletes = [line["target"] for line in received if line["method"] == "DELETE"]
    assert deletes == [f"/v1beta/interactions/{mine}"]
    assert call(stage.emulator.url, "GET", f"/v1beta/interactions/{mine}")["error"]
    assert states(stage) == {mine: "verifying", foreign: "scheduled"}
    stage.proxy.stop()  # no file comes or goes while they are read
    spoken = [("said", json.dumps([said, *told, stage.logs()]).encode())]
    assert found_in([*files(stage.proxy.data), *spoken], [KEY]) == []
