"""Verbs about our own copy: erase it, hold it."""

from __future__ import annotations

import argparse
import os
from typing import Any, Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import Arguments, Verb
from proxy.errors import ConfigError

_ID: Final = "Google's id, or its beginning where only one begins so"


def _erase_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("interaction", metavar="ID", nargs="?", help=_ID)
    verb.add_argument(
        "--subject",
        metavar="KEY=VALUE",
        help="all interactions with this label; /a/b=VALUE: with this text at a JSON pointer",
    )
    reach = verb.add_mutually_exclusive_group()
    reach.add_argument("--subtree", action="store_true", help="with all turns behind it")
    reach.add_argument("--conversation", action="store_true", help="from the first turn on")
    verb.add_argument(
        "--quoted", action="store_true", help="with exchanges of others that repeat it, whole"
    )
    verb.add_argument(
        "--bypass-keeping",
        action="store_true",
        help="whatever policies keep it here; not against mode compliance, nor a hold; on record",
    )
    verb.add_argument("--dry-run", action="store_true", help="show what would happen")
    verb.add_argument("--yes", action="store_true", help="do not ask")
    verb.add_argument("--json", action="store_true", help="one JSON object")
    add_why(verb)


def _erase(parsed: Arguments) -> int:
    from proxy.reading.erasing import erase

    if (parsed.interaction is None) == (parsed.subject is None):
        raise ConfigError("say what: an ID, or --subject KEY=VALUE")
    if not parsed.dry_run and not parsed.reason:
        raise ConfigError("say why: --reason TEXT")
    if parsed.json and not (parsed.yes or parsed.dry_run):
        raise ConfigError("--json does not ask: add --yes or --dry-run")
    wish: dict[str, Any] = {"actor": parsed.by, "quoted": parsed.quoted}
    if parsed.bypass_keeping:
        wish["bypass"] = True
    if parsed.reason:
        wish["reason"] = parsed.reason
    wish["reach"] = "thread" if parsed.conversation else "descendants" if parsed.subtree else "node"
    folder = resolved(parsed).settings.data_folder
    told = wish | what_is_meant(parsed)
    return erase.run(folder, told, is_dry=parsed.dry_run, is_sure=parsed.yes, as_json=parsed.json)


def what_is_meant(parsed: Arguments) -> dict[str, str]:
    """By an ID, or --subject."""
    if parsed.interaction is not None:
        return {"id": parsed.interaction}
    if not parsed.subject.startswith("/"):
        return {"label": parsed.subject}
    pointer, _, value = parsed.subject.partition("=")
    return {"pointer": pointer, "value": value}


def _hold_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("interaction", metavar="ID", nargs="?", help=_ID)
    verb.add_argument("--conversation", action="store_true", help="all its turns, later ones too")
    verb.add_argument("--list", action="store_true", help="show all holds")
    verb.add_argument("--json", action="store_true", help="one JSON object")
    add_why(verb)


def _hold(parsed: Arguments) -> int:
    from proxy.reading.erasing import holds

    folder = resolved(parsed).settings.data_folder
    if parsed.list:
        return holds.list_all(folder, as_json=parsed.json)
    if not parsed.interaction or not parsed.reason:
        raise ConfigError("say what and why: hold ID --reason TEXT")
    wish = {"id": parsed.interaction, "conversation": parsed.conversation}
    told = wish | {"reason": parsed.reason, "actor": parsed.by}
    return holds.place(folder, told, as_json=parsed.json)


def _release_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("hold", metavar="HOLD", help="its id, as `hold --list` shows it")
    verb.add_argument("--json", action="store_true", help="one JSON object")
    add_why(verb)


def _release(parsed: Arguments) -> int:
    from proxy.reading.erasing import holds

    if not parsed.reason:
        raise ConfigError("say why: --reason TEXT")
    folder = resolved(parsed).settings.data_folder
    told = {"hold": parsed.hold, "reason": parsed.reason, "actor": parsed.by}
    return holds.release(folder, told, as_json=parsed.json)


def add_why(verb: argparse.ArgumentParser) -> None:
    """The arguments that say who and why."""
    verb.add_argument("--reason", metavar="TEXT", help="why; it is kept in clear, for good")
    verb.add_argument(
        "--by",
        metavar="NAME",
        default=os.environ.get("USER", "operator"),
        help="who; by default you",
    )


ERASING: Final = (
    Verb(
        "erase",
        "destroy the keys of our copy: of an interaction, a conversation, a person",
        "interactions-proxy erase --subject user=alice --dry-run",
        _erase_arguments,
        _erase,
    ),
    Verb(
        "hold",
        "keep an interaction whatever is due, with all turns before it",
        "interactions-proxy hold --list",
        _hold_arguments,
        _hold,
    ),
    Verb(
        "release",
        "end a hold; erasures that waited for it are done",
        'interactions-proxy release HOLD --reason "the case is closed"',
        _release_arguments,
        _release,
    ),
)
