"""The verb that reads and moves an emulator's clock."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

from proxy.cli.emulator.moments import seconds_from_text, span_from_text
from proxy.cli.verb import DONE, Arguments, Verb
from proxy.errors import ConfigError, StartRefused

ANSWER_WITHIN_S: Final = 10.0
"""An emulator that moves its clock also delivers and forgets what has become due."""

PATH: Final = "/emulator/clock"


def _add_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--emulator",
        default="http://127.0.0.1:9900",
        metavar="URL",
        help="where it listens (http://127.0.0.1:9900)",
    )
    verb.add_argument("--json", action="store_true", help="say the time as one JSON object")
    verb.add_argument(
        "move",
        nargs="?",
        metavar="MOVE",
        help="+55d, +1d12h, +90m; or an instant such as 2026-12-24T00:00:00Z; without it, only says the time",
    )


def _run(parsed: Arguments) -> int:
    move = None if parsed.move is None else move_from_text(parsed.move)
    now = told_by_emulator(parsed.emulator, move)
    print(json.dumps({"now": now}) if parsed.json else now)
    return DONE


def move_from_text(text: str) -> dict[str, Any]:
    """What the emulator is asked to do with its clock.

    Raises:
        ConfigError: neither a span nor an instant.
    """
    span = span_from_text(text)
    if span is not None:
        return {"advance_s": span}
    seconds = seconds_from_text(text)
    if seconds is None:
        raise ConfigError(
            f"{text!r} is no move: write a span such as +55d or +1d12h (w, d, h, m, s), "
            "or an instant such as 2026-12-24T00:00:00Z"
        )
    return {"set": f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"}


def told_by_emulator(url: str, move: dict[str, Any] | None) -> str:
    """The emulator's time, after moving it if asked.

    Raises:
        ConfigError: the URL is none, or the emulator does not move so.
        StartRefused: nothing answers there, or something that is no emulator.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigError(f"--emulator {url}: write it as http://127.0.0.1:9900")
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=ANSWER_WITHIN_S)
    try:
        if move is None:
            connection.request("GET", PATH)
        else:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", PATH, json.dumps(move), headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as error:
        raise StartRefused(
            f"no emulator answers at {url} ({error}): start one with `interactions-proxy emulator`, "
            "or say where it is with --emulator"
        ) from error
    finally:
        connection.close()
    return _now(url, answer.status, body)


def _now(url: str, status: int, body: bytes) -> str:
    try:
        told = json.loads(body)
        if status == 400:
            raise ConfigError(str(told["error"]["message"]).removeprefix("emulator: "))
        return str(told["now"])
    except (ValueError, KeyError, TypeError) as error:
        raise StartRefused(
            f"what answers at {url} is no emulator (status {status}): say where it is with --emulator"
        ) from error


CLOCK: Final = Verb(
    "clock",
    "what time it is in an emulator, or make it later: expiry and webhooks follow",
    "interactions-proxy clock +55d",
    _add_arguments,
    _run,
)
