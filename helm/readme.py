"""The chart's README: a text that people wrote, and a table of the values with their comments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from helm.schema import CHART
from proxy.errors import ConfigError

BEGIN: Final = "<!-- values: written by `make docs` -->"
END: Final = "<!-- /values -->"


@dataclass(frozen=True, slots=True)
class Value:
    """One key of values.yaml."""

    path: str
    """persistence.size"""
    default: Any
    comment: str


def read_values(text: str) -> list[Value]:
    """The keys that have no keys of their own kind below, each with the comment lines right above it.

    Raises:
        ConfigError: a key without a comment.
    """
    return list(_values(yaml.compose(text), text.splitlines(), ""))


def _values(node: Any, lines: list[str], above: str) -> Iterator[Value]:
    for key, value in node.value:
        path = above + key.value
        comment = _comment(lines, key.start_mark.line)
        is_section = isinstance(value, yaml.MappingNode) and value.value
        if is_section and not comment:
            yield from _values(value, lines, f"{path}.")
            continue
        if not comment:
            raise ConfigError(
                f"helm/interactions-proxy/values.yaml: say in a comment above {path} what it is"
            )
        yield Value(path, yaml.safe_load(yaml.serialize(value)), comment)


def _comment(lines: list[str], line: int) -> str:
    found: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("# "):
        line -= 1
        found.insert(0, lines[line].lstrip()[2:])
    return " ".join(found)


def values_table(values: list[Value]) -> str:
    """As Markdown."""
    rows = [
        f"| `{value.path}` | `{json.dumps(value.default)}` | {value.comment.replace('|', chr(92) + '|')} |"
        for value in values
    ]
    return "\n".join(["| value | default | what it is |", "|---|---|---|", *rows])


def with_values(text: str) -> str:
    """A README with its table made anew.

    Raises:
        ConfigError: it has no place for the table, or a value has no comment.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"the chart's README has no place for the table: add {BEGIN} and {END}")
    table = values_table(read_values((CHART / "values.yaml").read_text("utf-8")))
    return f"{before}{BEGIN}\n{table}\n{END}{after}"
