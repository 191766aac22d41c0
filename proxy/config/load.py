"""From defaults, file, environment and command line to one `Settings`, with where each value came from."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from proxy.config.catalogue import CATALOGUE, Settings
from proxy.config.declare import ENVIRONMENT_PREFIX, JANITOR_VARIABLE, Kind, Setting
from proxy.config.values import cross_problems, read_value
from proxy.errors import ConfigError

FILE_NAME: Final = "interactions-proxy.toml"
"""Read from the current folder when no --config names another."""


_TLS: Final = (
    *("listen_tls_certificate_file", "listen_tls_key_file"),
    *("admin_tls_certificate_file", "admin_tls_key_file", "admin_tls_client_ca_file"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """A value somebody set, before it is understood."""

    name: str
    value: object
    """Text, or what TOML made of it."""
    origin: str
    """For people: "file x.toml", "environment INTERACTIONS_PROXY_LISTEN_PORT", "command line --port"."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings, and where each came from."""

    settings: Settings
    origins: Mapping[str, str]
    """By setting name; "default" where nobody said anything."""


def resolve(
    *, file: Path | None, environment: Mapping[str, str], command_line: Iterable[Given]
) -> Resolved:
    """Read all four sources; the later wins: defaults < file < environment < command line.

    Args:
        file: named by the operator. None: FILE_NAME in the current folder, if there is one.
        environment: of the process; names without our prefix are not looked at.
        command_line: what the flags said, each with the flag as its origin.

    Raises:
        ConfigError: with every problem of every source, one a line.
    """
    problems: list[str] = []
    given = [*_given_by_file(file, problems), *_given_by_environment(environment), *command_line]
    values: dict[str, object] = {}
    origins = dict.fromkeys(CATALOGUE, "default")
    for each in given:
        setting = CATALOGUE.get(each.name)
        if setting is None:
            problems.append(_unknown(each))
            continue
        value, problem = read_value(setting, each.value)
        if problem:
            problems.append(f"{each.name}: {problem} ({each.origin})")
            continue
        values[setting.attribute] = value
        origins[each.name] = each.origin
    settings = _settings(values)
    problems.extend(cross_problems(settings))
    if problems:
        raise ConfigError("\n".join(problems))
    return Resolved(settings, origins)


def dump_resolved(settings: Settings, path: Path) -> None:
    """Write the settings for child processes, readable by the owner only, in place at once."""
    values = {
        name: _plain(getattr(settings, setting.attribute)) for name, setting in CATALOGUE.items()
    }
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(values, opened, indent=1)
    beside.replace(path)


def load_resolved(path: Path) -> Settings:
    """Read back what `dump_resolved` wrote. For the child processes.

    Raises:
        ConfigError: the file is not there, or not what this release writes.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the settings in {path}: {error}") from error
    origin = f"file {path}"
    if not isinstance(found, dict) or found.keys() != CATALOGUE.keys():
        raise ConfigError(
            f"{path} is of another release: start again with `interactions-proxy serve`"
        )
    values: dict[str, object] = {}
    for name, text in found.items():
        value, problem = read_value(CATALOGUE[name], text)
        if problem:
            raise ConfigError(f"{name}: {problem} ({origin})")
        values[CATALOGUE[name].attribute] = value
    return _settings(values)


def _settings(values: Mapping[str, Any]) -> Settings:
    """Fill in the defaults; paths become absolute (child processes may stand elsewhere)."""
    plain = Settings(**values)
    ca_file, book_file = plain.upstream_ca_file, plain.costs_book_file
    tokens_file, door_file = plain.admin_tokens_file, plain.door_policy_file
    tls = {name: file.absolute() for name in _TLS if (file := getattr(plain, name))}
    return replace(
        plain,
        data_folder=plain.data_folder.expanduser().absolute(),
        upstream_ca_file=ca_file and ca_file.absolute(),
        costs_book_file=book_file and book_file.absolute(),
        admin_tokens_file=tokens_file and tokens_file.absolute(),
        door_policy_file=door_file and door_file.absolute(),
        upstream_url=plain.upstream_url.rstrip("/"),
        **tls,
    )


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _given_by_file(file: Path | None, problems: list[str]) -> list[Given]:
    """Everything in the file; a file that was named and cannot be read is a problem."""
    path = file or Path(FILE_NAME)
    if file is None and not path.exists():
        return []
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"cannot read {path}: {error.strerror}")
        return []
    except ValueError as error:
        problems.append(f"{path} is not TOML: {error}")
        return []
    return [
        Given(name, _beside(CATALOGUE.get(name), value, path), f"file {path}")
        for name, value in _flat(tree)
    ]


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    """Leaves of a TOML document with their dotted names."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def _beside(setting: Setting | None, value: object, file: Path) -> object:
    """A relative path in a file is meant from the file's folder; the master key's, from the data."""
    if setting is None or setting.kind not in {Kind.FOLDER, Kind.FILE}:
        return value
    if not isinstance(value, str) or setting.name == "keys.master_file":
        return value
    return value if value.startswith("~") else str(file.parent / value)


def _given_by_environment(environment: Mapping[str, str]) -> list[Given]:
    by_variable = {setting.environment: name for name, setting in CATALOGUE.items()}
    return [
        Given(by_variable.get(variable, variable), text, f"environment {variable}")
        for variable, text in environment.items()
        if variable.startswith(ENVIRONMENT_PREFIX) and variable != JANITOR_VARIABLE
    ]


def _unknown(given: Given) -> str:
    """One line about a name nobody knows, with the nearest that exists."""
    known = {name: name for name in CATALOGUE}
    if given.name.startswith(ENVIRONMENT_PREFIX):
        known = {setting.environment: setting.environment for setting in CATALOGUE.values()}
    nearest = difflib.get_close_matches(given.name, known, n=1, cutoff=0.5)
    advice = f"did you mean {nearest[0]}?" if nearest else "see `interactions-proxy config`"
    return f"{given.name}: there is no such setting; {advice} ({given.origin})"
