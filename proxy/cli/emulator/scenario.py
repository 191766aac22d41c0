"""The verb about scenarios: check them, see examples, make them of what was recorded."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.cli.naming import command_of_ours
from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import DONE, FOUND_A_PROBLEM, Arguments, Verb
from proxy.errors import ConfigError


def _add_arguments(verb: argparse.ArgumentParser) -> None:
    acts = verb.add_subparsers(metavar="ACT", required=True)
    check = _act(acts, "check", "say what is wrong with scenario files, and where", _check)
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")
    example = _act(acts, "example", "list the examples, or print one", _example)
    example.add_argument("name", nargs="?", metavar="NAME")
    export = _act(acts, "export", "make a scenario of recorded interactions", _export)
    add_settings(export)
    export.add_argument("--conversation", action="store_true", help="with all turns of each")
    export.add_argument("--all", action="store_true", help="everything that was recorded")
    export.add_argument("--out", type=Path, metavar="FILE", help="write it here, not to the screen")
    export.add_argument(
        "interactions",
        nargs="*",
        metavar="ID",
        help="as `show` takes it: an id, its beginning, or: last",
    )


def _act(
    acts: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    help_text: str,
    run: Callable[[Arguments], int],
) -> argparse.ArgumentParser:
    act = acts.add_parser(name, help=help_text, description=help_text)
    act.set_defaults(act=run)
    return act


def _run(parsed: Arguments) -> int:
    act: Callable[[Arguments], int] = parsed.act
    return act(parsed)


def _check(parsed: Arguments) -> int:
    from proxy.emulator.scenarios.library import load_scenario

    code = DONE
    for file in parsed.files:
        try:
            scenario = load_scenario(file)
        except ConfigError as error:
            sys.stderr.write(f"{error}\n")
            code = FOUND_A_PROBLEM
        else:
            count = len(scenario.turns)
            print(f"{file}: right, {count} turn{'s' * (count != 1)}")
    return code


def _example(parsed: Arguments) -> int:
    from proxy.emulator.scenarios.library import example, example_names, example_text

    if parsed.name is not None:
        print(example_text(parsed.name), end="")
        return DONE
    for name in example_names():
        print(f"{name:<16}{example(name).description}")
    print(f"\nprint one: {command_of_ours()} scenario example {example_names()[-1]}")
    return DONE


def _export(parsed: Arguments) -> int:
    from proxy.reading.cassette import export

    if parsed.all == bool(parsed.interactions):
        raise ConfigError("scenario export: name interactions (an id, or: last), or say --all")
    settings = resolved(parsed).settings
    wanted = export.Wanted(
        tuple(parsed.interactions), is_conversation=parsed.conversation, is_all=parsed.all
    )
    return export.run(
        settings.data_folder, wanted, parsed.out, master_file=settings.master_key_file
    )


SCENARIO: Final = Verb(
    "scenario",
    "scripts for the emulator: check them, see examples, export recorded interactions",
    "interactions-proxy scenario export last --conversation --out cassette.yaml",
    _add_arguments,
    _run,
)
