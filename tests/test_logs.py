"""Log lines: every call has an event, every line one form, and no line a credential."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.logs import EVENTS, FOREIGN, JsonLines, TextLines, event_of, scrubbed, start_logging

ROOT = Path(__file__).parent.parent / "proxy"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
KEY = "AIza" + "SyD-canary_0123456789abcdefghijklmno"


def templates() -> Iterator[tuple[str, str]]:
    """(where, text) of each logging call that is not the emulator's."""
    for path in sorted(ROOT.rglob("*.py")):
        if "emulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            given = node.args[:1] if isinstance(node, ast.Call) else []
            if (
                isinstance(called, ast.Name)
                and called.id == "partial"
                and isinstance(node, ast.Call)
            ):
                called, given = node.args[0], node.args[1:2]
            if (
                isinstance(called, ast.Attribute)
                and called.attr in LEVELS
                and "log" in ast.unparse(called.value).lower()
            ):
                (text,) = given
                told = text.value if isinstance(text, ast.Constant) else ast.unparse(text)
                yield f"{path.relative_to(ROOT)}:{called.lineno}", str(told)


def test_every_logging_call_has_an_event_in_the_catalogue() -> None:
    missing = [f"{where}: {text!r}" for where, text in templates() if text not in EVENTS]

    assert missing == [], "give these a name in proxy/logs.py EVENTS"


def test_every_event_is_still_logged() -> None:
    assert set(EVENTS) - {text for _, text in templates()} == set()


def test_event_names_are_words() -> None:
    assert all(name.replace("_", "").isalpha() and name.islower() for name in EVENTS.values())


def line(message: str, *given: object, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("proxy.recorder", logging.ERROR, "x.py", 1, message, given, None)
    vars(record).update(extra)
    return record


def test_a_json_line_says_what_happened_when_and_where() -> None:
    record = line("journal failed: %s", "the disk is gone", exchange="x0-1", trace_id="a" * 32)
    record.created = 1_790_000_000.25

    told = json.loads(JsonLines("gateway-0").format(record))

    assert told == {
        "at": "2026-09-21T14:13:20.250000Z",
        "level": "error",
        "process": "gateway-0",
        "event": "journal_failed",
        "logger": "proxy.recorder",
        "message": "journal failed: the disk is gone",
        "exchange": "x0-1",
        "trace_id": "a" * 32,
    }


def test_what_libraries_log_has_one_event_of_its_own() -> None:
    assert event_of(line("something of asyncio's")) == FOREIGN


def test_a_message_with_line_breaks_is_one_line_and_an_exception_is_inside() -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int(f"two\nlines and {KEY}")
    record = line("%s", "a\nb")
    record.exc_info = (caught.type, caught.value, caught.tb)

    text = JsonLines("recorder").format(record)

    assert "\n" not in text
    told = json.loads(text)
    assert told["message"] == "a\nb"
    assert "ValueError: invalid" in told["exception"]
    assert KEY not in text


@pytest.mark.parametrize(
    "text",
    [
        f"key {KEY} is not valid",
        f"GET /v1/models?key={KEY}&x=1",
        f"POST /upload?a=b&upload_id={KEY}",
        "Authorization: Bearer canary_0123456789",
        "authorization: BASIC canary_0123456789",
        "secret whsec_canary_0123456789abc",
        "?key=canary_0123456789",
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text: str) -> None:
    assert "canary" not in scrubbed(text)
    assert "canary" not in TextLines().format(line("%s", text))
    assert "canary" not in JsonLines("recorder").format(line("%s", text))


@pytest.mark.parametrize(
    "text",
    ["exchange x0-00000000000000aa-1 not interpreted", "the disk has no room", "task-basic shape"],
)
def test_ordinary_sentences_stay(text: str) -> None:
    assert scrubbed(text) == text


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    found = logging.getLogger()
    handlers, level = list(found.handlers), found.level
    yield found
    found.handlers[:] = handlers
    found.setLevel(level)


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_go_to_standard_error_in_the_form_that_is_set(
    form: str, root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.handlers[:] = []
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)

    start_logging(form, "recorder")
    logging.getLogger("proxy.recorder").error("%s", "no room")
    logging.getLogger("proxy.recorder").info("%s", "not told")

    lines = written.getvalue().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("{") == (form == "json")
    assert "no room" in lines[0]


def test_debugging_that_was_asked_for_stays(root: logging.Logger) -> None:
    root.handlers[:] = [logging.NullHandler()]
    root.setLevel(logging.DEBUG)

    start_logging("json", "recorder")

    assert root.level == logging.DEBUG
    assert len(root.handlers) == 1
