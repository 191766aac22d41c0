"""Verbs about conversations: who goes on from whom, and what tools were asked to do."""

from __future__ import annotations

import argparse
from typing import Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import Arguments, Verb

_ID: Final = "any interaction of it: Google's id, its beginning, or: last"


def _tree_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object per conversation")
    verb.add_argument("interaction", metavar="ID", nargs="?", help=f"one conversation, by {_ID}")


def _tree(parsed: Arguments) -> int:
    from proxy.reading.conversations import tree

    settings = resolved(parsed).settings
    folder, master = settings.data_folder, settings.master_key_file
    return tree.run(folder, parsed.interaction, as_json=parsed.json, master_file=master)


def _tools_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object: calls, findings")
    verb.add_argument("--conversation", metavar="ID", help=f"of one conversation, by {_ID}")


def _tools(parsed: Arguments) -> int:
    from proxy.reading.conversations import tools

    settings = resolved(parsed).settings
    folder, master = settings.data_folder, settings.master_key_file
    return tools.run(folder, parsed.conversation, as_json=parsed.json, master_file=master)


CONVERSATIONS: Final = (
    Verb(
        "tree",
        "conversations as trees: forks, tips, costs, settings that fell away",
        "interactions-proxy tree last",
        _tree_arguments,
        _tree,
    ),
    Verb(
        "tools",
        "what tools were called, how long they took, which calls went wrong",
        "interactions-proxy tools --conversation last",
        _tools_arguments,
        _tools,
    ),
)
