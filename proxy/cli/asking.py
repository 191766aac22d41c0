"""Verbs that ask: the records, or the settings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from proxy.cli.settings import add_serving, add_settings, resolved
from proxy.cli.verb import DONE, Arguments, Verb


def _sql_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object per row")
    form.add_argument("--csv", action="store_true", help="comma-separated, with a header")
    verb.add_argument(
        "--fleet", action="store_true", help="of all proxies, from the engine (fleet.engine_file)"
    )
    verb.add_argument("--list", action="store_true", help="the shipped queries with parameters")
    verb.add_argument("--name", metavar="NAME", help="a shipped query instead of a statement")
    verb.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the shipped query; instants as 2026-11-23T10:00, now or -7d",
    )
    verb.add_argument(
        "statement", metavar="SQL", nargs="?", help="one statement; without it, lists what there is"
    )


def _sql(parsed: Arguments) -> int:
    from proxy.reading import sql

    settings = resolved(parsed).settings
    if parsed.list:
        return sql.list_shipped(as_json=parsed.json)
    shipped = sql.Named(parsed.name, tuple(parsed.param)) if parsed.name else None
    if parsed.fleet:
        from proxy.fleet.asking import open_fleet
        from proxy.fleet.home import fleet_of
        from proxy.fleet.opening import contents_at
        from proxy.reading.layout import terminal

        fleet = fleet_of(settings)
        with (
            contents_at(fleet, settings.data_folder, settings.master_key_file) as contents,
            open_fleet(fleet, contents) as views,
        ):
            code = sql.answer(
                views, parsed.statement, as_json=parsed.json, as_csv=parsed.csv, shipped=shipped
            )
        if said := contents.said():
            terminal.say(said)
        return code
    return sql.run(
        settings.data_folder,
        parsed.statement,
        shipped=shipped,
        as_json=parsed.json,
        as_csv=parsed.csv,
        master_file=settings.master_key_file,
    )


def _show_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument(
        "--media", type=Path, metavar="FOLDER", help="write its images, sounds, films and documents"
    )
    verb.add_argument("interaction", metavar="ID", help="Google's id, its beginning, or: last")


def _show(parsed: Arguments) -> int:
    from proxy.reading import show

    settings = resolved(parsed).settings
    return show.run(
        settings.data_folder,
        parsed.interaction,
        as_json=parsed.json,
        media_folder=parsed.media,
        master_file=settings.master_key_file,
    )


def _tail_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object per line")
    verb.add_argument("--no-follow", action="store_true", help="print the latest and leave")


def _tail(parsed: Arguments) -> int:
    from proxy.reading import tail

    settings = resolved(parsed).settings
    return tail.run(
        settings.data_folder,
        follow=not parsed.no_follow,
        as_json=parsed.json,
        master_file=settings.master_key_file,
    )


def _rebuild(parsed: Arguments) -> int:
    from proxy.recorder.rebuild import run

    return run(resolved(parsed).settings)


def _ship(parsed: Arguments) -> int:
    from proxy.fleet.home import ship_once

    return ship_once(resolved(parsed).settings)


def _config_arguments(verb: argparse.ArgumentParser) -> None:
    add_serving(verb)
    verb.add_argument("--explain", action="store_true", help="also say what each setting is for")


def _config(parsed: Arguments) -> int:
    from proxy.config.explain import explain_lines

    for line in explain_lines(resolved(parsed), with_reasons=parsed.explain):
        print(line)
    return DONE


ASKING: Final = (
    Verb(
        "sql",
        "ask the records",
        'interactions-proxy sql "SELECT type, count(*) FROM steps GROUP BY type"',
        _sql_arguments,
        _sql,
    ),
    Verb(
        "show",
        "one interaction, step by step",
        "interactions-proxy show last",
        _show_arguments,
        _show,
    ),
    Verb(
        "tail",
        "watch exchanges as they are recorded",
        "interactions-proxy tail",
        _tail_arguments,
        _tail,
    ),
    Verb(
        "rebuild",
        "make the DuckDB file anew from the vault",
        "interactions-proxy rebuild",
        add_settings,
        _rebuild,
    ),
    Verb(
        "ship",
        "have all that is recorded here in the fleet's engine; `serve` does so by itself",
        "interactions-proxy ship --set fleet.engine_file=fleet.toml",
        add_settings,
        _ship,
    ),
    Verb(
        "config",
        "each setting, its value, and where that came from",
        "interactions-proxy config --explain",
        _config_arguments,
        _config,
    ),
)
