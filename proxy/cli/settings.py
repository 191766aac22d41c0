"""Settings on the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from proxy.cli.verb import Arguments
from proxy.config.load import Given, Resolved, resolve
from proxy.errors import ConfigError


def add_settings(verb: argparse.ArgumentParser) -> None:
    """What every verb takes that works on records."""
    verb.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    verb.add_argument("--data", metavar="FOLDER", help="where records and keys lie")
    verb.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any setting; `interactions-proxy config` lists them",
    )


def add_serving(verb: argparse.ArgumentParser) -> None:
    """What a verb takes that is about serving."""
    add_settings(verb)
    verb.add_argument("--port", metavar="N", help="where clients connect; 0: a free one")
    verb.add_argument("--upstream", metavar="URL", help="where requests go")


def resolved(parsed: Arguments) -> Resolved:
    """Each setting's value and where it came from.

    Raises:
        ConfigError: all bad values at once.
    """
    given = list(_given(parsed))
    return resolve(file=parsed.config, environment=os.environ, command_line=given)


def _given(parsed: Arguments) -> Iterator[Given]:
    """--set first, so that a flag made for the purpose wins."""
    for text in parsed.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set {text}: write it as --set name=value")
        yield Given(name.strip(), value.strip(), "command line --set")
    flags = {"data": "data.folder", "port": "listen.port", "upstream": "upstream.url"}
    for flag, name in flags.items():
        value = getattr(parsed, flag, None)
        if value is not None:
            yield Given(name, value, f"command line --{flag}")
