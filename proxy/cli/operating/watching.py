"""Verbs that look at a running proxy: status, top."""

from __future__ import annotations

import argparse
from typing import Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import Arguments, Verb


def _status_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object")


def _status(parsed: Arguments) -> int:
    from proxy.reading.watching import status

    return status.run(resolved(parsed).settings, as_json=parsed.json)


def _top_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--once", action="store_true", help="all since it began, then leave")


def _top(parsed: Arguments) -> int:
    from proxy.reading.watching import top

    return top.run(resolved(parsed).settings.run_folder, once=parsed.once)


WATCHING: Final = (
    Verb(
        "status",
        "how the running proxy is; exit code 1 when it is not strict and healthy",
        "interactions-proxy status",
        _status_arguments,
        _status,
    ),
    Verb(
        "top",
        "what passes through the running proxy now",
        "interactions-proxy top",
        _top_arguments,
        _top,
    ),
)
