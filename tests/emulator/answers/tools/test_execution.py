"""Programs and remote tools: what was called, and what came back."""

from __future__ import annotations

import contextlib
import io

import orjson
import pytest

from proxy.emulator.answers.tools.execution import code_execution, mcp_server, server_function
from tests.emulator.answers.asking import asked, unknown_to_sdk


def test_python_prints_what_its_code_prints() -> None:
    call, result = code_execution({}, asked("Add them up.")).steps

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(call["arguments"]["code"])
    assert call["arguments"]["language"] == "python"
    assert (result["result"], result["is_error"]) == (printed.getvalue(), False)


@pytest.mark.parametrize("language", ["python", "bash"])
def test_both_languages_can_fail(language: str) -> None:
    call, result = code_execution({}, asked(f"In {language}. emulate: error")).steps

    assert call["arguments"]["language"] == language
    assert result["is_error"] is True


def test_a_remote_tool_is_called_by_its_allowed_name_and_nothing_secret_is_shown() -> None:
    tool = {
        "type": "mcp_server",
        "name": "deploys",
        "url": "https://example.com/mcp?key=hush",
        "headers": {"Authorization": "Bearer hush"},
        "allowed_tools": [{"mode": "none"}, {"mode": "auto", "tools": ["list_deploys", "undo"]}],
    }

    used = mcp_server(tool, asked("What was deployed?"))

    assert {(step["server_name"], step["name"]) for step in used.steps} == {
        ("deploys", "list_deploys")
    }
    assert b"hush" not in orjson.dumps(used.steps)
    assert unknown_to_sdk(used.steps) == []


def test_no_remote_tool_is_called_where_none_is_allowed() -> None:
    assert mcp_server({"allowed_tools": [{"mode": "none"}]}, asked()).steps == []
    assert mcp_server({}, asked()).steps[0]["name"]


@pytest.mark.parametrize(("text", "is_error"), [("Hi.", False), ("emulate: error", True)])
def test_a_function_at_google_has_its_call_and_result(text: str, is_error: bool) -> None:  # noqa: FBT001
    call, result = server_function(asked(text))

    assert result["call_id"] == call["id"]
    assert result["is_error"] is is_error
    assert unknown_to_sdk([call, result]) == []
