"""Verbs about money and about what of Google's is new."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING, Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import Arguments, Verb

if TYPE_CHECKING:
    from proxy.reading.accounts.tabling import Form

_GROUPINGS: Final = ("interaction", "conversation", "model", "day", "client")

_ID: Final = "the lines of one interaction: Google's id, its beginning, or: last"


def _add_form(verb: argparse.ArgumentParser) -> None:
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object per row")
    form.add_argument("--csv", action="store_true", help="comma-separated, with a header")


def _form(parsed: Arguments) -> Form:
    from proxy.reading.accounts.tabling import Form

    return Form.JSON if parsed.json else Form.CSV if parsed.csv else Form.TABLE


def instant(text: str) -> str:
    """A day or an instant as DuckDB takes it, UTC.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        told = f"{text!r} is no time: write 2026-11-22, or 2026-11-22T10:00Z"
        raise argparse.ArgumentTypeError(told) from None
    return (at if at.tzinfo is None else at.astimezone(dt.UTC)).replace(tzinfo=None).isoformat(" ")


def _cost_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    _add_form(verb)
    verb.add_argument("--by", choices=_GROUPINGS, default="model", help="one row for each (model)")
    verb.add_argument(
        "--since", type=instant, metavar="TIME", help="created then or later, UTC: 2026-11-22"
    )
    verb.add_argument("--until", type=instant, metavar="TIME", help="created before")
    verb.add_argument(
        "--reprice",
        metavar="BOOK",
        nargs="?",
        const="",
        help="price what is recorded by this book, too (version or file; the newest)",
    )
    verb.add_argument("interaction", metavar="ID", nargs="?", help=_ID)


def _cost(parsed: Arguments) -> int:
    from proxy.reading.accounts import cost

    settings = resolved(parsed).settings
    folder, master, form = settings.data_folder, settings.master_key_file, _form(parsed)
    if parsed.reprice is not None:
        from proxy.reading.accounts import repricing

        return repricing.run(folder, parsed.reprice or settings.costs_book_file)
    if parsed.interaction is not None:
        return cost.run_one(folder, parsed.interaction, form=form, master_file=master)
    span = cost.Span(parsed.since, parsed.until)
    return cost.run(folder, parsed.by, span=span, form=form, master_file=master)


def _drift_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    _add_form(verb)
    verb.add_argument(
        "--since", type=instant, metavar="TIME", help="new since then; exit code 1 if there is any"
    )


def _drift(parsed: Arguments) -> int:
    from proxy.reading.accounts import drift

    settings = resolved(parsed).settings
    return drift.run(
        settings.data_folder,
        since=parsed.since,
        form=_form(parsed),
        master_file=settings.master_key_file,
    )


ACCOUNTS: Final = (
    Verb(
        "cost",
        "what was spent, by list prices; and what has no price",
        "interactions-proxy cost --by day --since 2026-11-01",
        _cost_arguments,
        _cost,
    ),
    Verb(
        "drift",
        "what of Google's API this release has no name for",
        "interactions-proxy drift --since 2026-11-01",
        _drift_arguments,
        _drift,
    ),
)
