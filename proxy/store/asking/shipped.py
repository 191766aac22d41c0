"""Shipped questions: statements with a name, a description and typed parameters, in sql/audit/*.sql.

A file holds several, each begun by its name:

    -- name: tokens_by_model
    -- One sentence or more: what the rows say.
    -- param since instant = -7d: from when on
    -- param model text: exactly this one
    SELECT ...

A parameter is bound as `$since`; one without a default has to be given.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import takewhile
from typing import Final

NS_PER_S: Final = 1_000_000_000
TEXT_MAX: Final = 200
"""Characters of a text parameter: ids and names are shorter."""
WHOLE_MAX: Final = 1_000_000_000

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PARAMETER: Final = re.compile(r"param (\w+) (instant|text|whole)(?: = ([^:]*))?: (.+)")
_AGO: Final = re.compile(r"-(\d{1,6})([smhdw])")
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # instants of the tables are UTC without a zone


class WrongParameter(Exception):
    """A parameter is missing, unknown, or not of its type; the text says which and what may be given."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed parameter."""

    name: str
    type: str
    """instant, text, whole."""
    default: str | None
    """None: has to be given."""
    about: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """One question with a name."""

    name: str
    subject: str
    """The file it stands in."""
    about: str
    parameters: tuple[Parameter, ...]
    sql: str


@cache
def shipped() -> Mapping[str, Shipped]:
    """All of them by name, in the order of files and in each as it stands there."""
    folder = resources.files("proxy.store") / "sql" / "audit"
    found: dict[str, Shipped] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        for question in questions_in(file.name.removesuffix(".sql"), file.read_text("utf-8")):
            assert question.name not in found, f"{file.name}: {question.name} is there already"
            found[question.name] = question
    return found


def questions_in(subject: str, text: str) -> Iterator[Shipped]:
    """The questions of one file."""
    _, *pieces = _NAME.split(text)
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        lines = body.strip().splitlines()
        head = [line.removeprefix("--").strip() for line in takewhile(_is_comment, lines)]
        parameters = tuple(_parameter(name, line) for line in head if line.startswith("param "))
        about = " ".join(line for line in head if not line.startswith("param "))
        sql = "\n".join(line for line in lines if not _is_comment(line))
        yield Shipped(name, subject, about, parameters, sql.rstrip(";\n "))


def bound(question: Shipped, given: Mapping[str, str], now_ns: int) -> dict[str, object]:
    """Values for the statement, from texts as a URL or a command line brings them.

    An instant is ISO 8601 (UTC unless it says otherwise), milliseconds since 1970 as Grafana sends them,
    `now`, or so long ago: -90s, -15m, -24h, -7d, -4w.

    Raises:
        WrongParameter: see there.
    """
    known = {parameter.name: parameter for parameter in question.parameters}
    for name in given:
        if name not in known:
            takes = ", ".join(known) or "none"
            raise WrongParameter(
                f"{question.name} has no parameter {name[:40]!r}; it takes {takes}"
            )
    values: dict[str, object] = {}
    for parameter in question.parameters:
        text = given.get(parameter.name, parameter.default)
        if text is None:
            raise WrongParameter(
                f"{question.name} needs {parameter.name} ({parameter.type}): {parameter.about}"
            )
        values[parameter.name] = _value(parameter, text.strip(), now_ns)
    return values


def _is_comment(line: str) -> bool:
    return line.startswith("--")


def _value(parameter: Parameter, text: str, now_ns: int) -> object:
    match parameter.type:
        case "instant":
            return instant_of(parameter, text, now_ns)
        case "whole":
            if not re.fullmatch(r"-?\d{1,10}", text) or abs(int(text)) > WHOLE_MAX:
                raise _wrong(parameter, f"a whole number up to {WHOLE_MAX:,}")
            return int(text)
        case _:
            if len(text) > TEXT_MAX or "\0" in text:
                raise _wrong(parameter, f"a text of at most {TEXT_MAX} characters")
            return text


def instant_of(parameter: Parameter, text: str, now_ns: int) -> dt.datetime:
    """UTC without a zone. Raises WrongParameter."""
    now = _EPOCH + dt.timedelta(microseconds=now_ns // 1000)
    try:
        if text == "now":
            return now
        if ago := _AGO.fullmatch(text):
            return now - dt.timedelta(seconds=int(ago[1]) * _UNITS_S[ago[2]])
        if re.fullmatch(r"\d{11,14}", text):
            return _EPOCH + dt.timedelta(milliseconds=int(text))
        instant = dt.datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            instant = instant.astimezone(dt.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise _wrong(
            parameter, "an instant: 2026-11-23T10:00:00Z, milliseconds since 1970, now, or -7d"
        ) from error
    return instant


def _wrong(parameter: Parameter, takes: str) -> WrongParameter:
    return WrongParameter(f"{parameter.name} takes {takes}")


def _parameter(name: str, line: str) -> Parameter:
    found = _PARAMETER.fullmatch(line)
    assert found is not None, f"{name}: cannot read `{line}`"
    default = found[3]
    return Parameter(found[1], found[2], None if default is None else default.strip(), found[4])
