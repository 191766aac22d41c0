"""The verb `export`: copies of the record, of somebody or of all of it."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import Final

from proxy.cli.audit.erasing import add_why, what_is_meant
from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import Arguments, Verb
from proxy.errors import ConfigError


def _arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument(
        "interaction",
        metavar="ID",
        nargs="?",
        help="Google's id, or its beginning where only one begins so",
    )
    verb.add_argument(
        "--subject",
        metavar="KEY=VALUE",
        help="all interactions with this label; /a/b=VALUE: with this text at a JSON pointer",
    )
    verb.add_argument("--conversation", action="store_true", help="from the first turn on")
    where = verb.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--out", metavar="FOLDER", type=Path, help="of an ID or a subject; made anew"
    )
    where.add_argument(
        "--to",
        metavar="PLACE",
        help="everything, by day, brought up to date: a folder, or s3://bucket/prefix",
    )
    verb.add_argument("--format", choices=("parquet", "jsonl"), default="parquet", help="of --to")
    verb.add_argument(
        "--since", metavar="DAY", type=_day, help="of --to: the first day, 2026-11-23"
    )
    verb.add_argument("--until", metavar="DAY", type=_day, help="of --to: the last day")
    verb.add_argument(
        "--content", action="store_true", help="of --to: steps with their text; needs --reason"
    )
    verb.add_argument("--json", action="store_true", help="of --to: one JSON object")
    add_why(verb)


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError("a day is written 2026-11-23") from error


def _run(parsed: Arguments) -> int:
    return _all(parsed) if parsed.to is not None else _some(parsed)


def _some(parsed: Arguments) -> int:
    from proxy.reading.erasing import export

    if (parsed.interaction is None) == (parsed.subject is None):
        raise ConfigError("say what: an ID, or --subject KEY=VALUE; everything goes --to a place")
    if parsed.since or parsed.until or parsed.content or parsed.json or parsed.format != "parquet":
        raise ConfigError("--format, --since, --until, --content and --json go with --to")
    settings = resolved(parsed).settings
    wish = {"actor": parsed.by, "reach": "thread" if parsed.conversation else "node"}
    told = wish | what_is_meant(parsed)
    return export.run(settings.data_folder, told, parsed.out, settings.master_key_file)


def _all(parsed: Arguments) -> int:
    from proxy.reading.exporting import export
    from proxy.reading.exporting.manifest import Scope

    if parsed.interaction or parsed.subject or parsed.conversation:
        raise ConfigError("an ID, --subject and --conversation go --out to a folder, not --to")
    if parsed.content and not parsed.reason:
        raise ConfigError("content is opened for a reason: --reason TEXT")
    settings = resolved(parsed).settings
    return export.run(
        settings.data_folder,
        parsed.to,
        Scope(parsed.format, parsed.since, parsed.until, parsed.content),
        reader=export.Reader(parsed.by, parsed.reason) if parsed.content else None,
        master_file=settings.master_key_file,
        as_json=parsed.json,
    )


EXPORTING: Final = (
    Verb(
        "export",
        "copies: all records as Parquet by day, signed; or all of a person or a conversation",
        "interactions-proxy export --to exported",
        _arguments,
        _run,
    ),
)
