"""Code Mender: findings for each file, patches for a fix, sessions that go on."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.emulator.answers.agents.mending import mended, mends
from proxy.emulator.answers.occasion import Occasion
from tests.emulator.answers.asking import asked, unknown_to_sdk

FILES = [{"path": "a.py", "content": "x = 1\ny = 2\n"}, {"path": "b.py", "content": ""}]


def about(**config: Any) -> Occasion:
    given = {"type": "code-mender", **config}
    return asked("Check it.", agent="code-mender-preview", agent_config=given)


def result(steps: list[dict[str, Any]]) -> Any:
    text = steps[-1]["content"][0]["text"]
    return orjson.loads(text[text.index("{") :])


@pytest.mark.parametrize(("mode", "is_verified"), [("scan", False), ("verify", True)])
def test_a_search_finds_something_in_each_file(mode: str, is_verified: bool) -> None:  # noqa: FBT001
    steps = mended(about(find_request={"mode": mode, "source_files": FILES}))

    found = result(steps)["findings"]
    assert [entry["path"] for entry in found] == ["a.py", "b.py"]
    assert {entry["is_verified"] for entry in found} == {is_verified}
    assert unknown_to_sdk(steps) == []


def test_a_fix_patches_each_file_and_keeps_the_finding_s_id() -> None:
    done = result(mended(about(fix_request={"finding_id": "f-1", "source_files": FILES})))

    assert {patch["finding_id"] for patch in done["patches"]} == {"f-1"}
    assert "-x = 1\n+x = 1  # mended" in done["patches"][0]["diff"]


def test_a_session_keeps_its_id_and_its_rounds() -> None:
    steps = mended(about(session_id="s-1", session_config={"max_rounds": 4}))

    assert result(steps)["session_id"] == "s-1"
    assert len([step for step in steps if step["type"] == "thought"]) == 4
    assert result(mended(about()))["session_id"]


def test_it_is_known_by_its_name_or_its_settings() -> None:
    assert mends(about())
    assert mends(asked("Hi.", agent="code-mender-preview"))
    assert not mends(asked("Hi.", agent="antigravity-preview-09-2026"))
