"""The schema `audit` and the shipped queries as a page of documentation, from their own comments.

`python -m proxy.store.asking.documents SQL.md [--check]` writes the page, or says that it is stale.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.store.asking.shipped import Shipped, shipped
from proxy.store.database import Database

_COLUMNS: Final = """
    SELECT views.view_name, views.comment, columns.column_name, columns.data_type
    FROM duckdb_views() AS views
    INNER JOIN duckdb_columns() AS columns
        ON columns.database_name = views.database_name
        AND columns.schema_name = views.schema_name
        AND columns.table_name = views.view_name
    WHERE views.schema_name = 'audit' AND views.database_name = current_database()
    ORDER BY views.view_name, columns.column_index
"""
_VIEW: Final = re.compile(
    r"^CREATE OR REPLACE VIEW audit\.(\w+) AS$(.*?)^COMMENT ON VIEW", re.MULTILINE | re.DOTALL
)
_COLUMN: Final = re.compile(r"^ +(?:.* AS )?(?:\w+\.)?(\w+),? -- (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AuditColumn:
    """One column."""

    name: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class AuditView:
    """One view of the schema."""

    name: str
    about: str
    columns: tuple[AuditColumn, ...]

    def to_json(self) -> dict[str, Any]:
        columns = [{"name": one.name, "type": one.type, "about": one.about} for one in self.columns]
        return {"name": f"audit.{self.name}", "about": self.about, "columns": columns}


def audit_views(connection: duckdb.DuckDBPyConnection) -> list[AuditView]:
    """The views of the database in use."""
    found: dict[str, tuple[str, list[AuditColumn]]] = {}
    said = _said_of_columns()
    for view, about, column, kind in connection.execute(_COLUMNS).fetchall():
        _, columns = found.setdefault(view, (about or "", []))
        columns.append(AuditColumn(column, kind, said.get((view, column), "")))
    return [AuditView(name, about, tuple(columns)) for name, (about, columns) in found.items()]


@cache
def _said_of_columns() -> Mapping[tuple[str, str], str]:
    """By view and column: the comment behind it."""
    folder = resources.files("proxy.store") / "sql" / "views"
    texts = [file.read_text("utf-8") for file in folder.iterdir() if "audit" in file.name]
    return {
        (view, column): about
        for text in texts
        for view, body in _VIEW.findall(text)
        for column, about in _COLUMN.findall(body)
    }


def page() -> str:
    """The whole document."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(Path(folder) / "facts.duckdb")
        try:
            views = audit_views(database.cursor())
        finally:
            database.close()
    return "\n".join([_INTRODUCTION, *_views_lines(views), *_queries_lines()]) + "\n"


def main(arguments: list[str]) -> int:
    """Refresh the page; with --check change nothing and return 1 if it is stale."""
    path = Path(arguments[0])
    wanted = page()
    found = path.read_text("utf-8") if path.exists() else ""
    if found == wanted:
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"{path} is stale: run `make docs`\n")
        return 1
    path.write_text(wanted, "utf-8")
    return 0


def _views_lines(views: list[AuditView]) -> Iterator[str]:
    yield "\n## Views\n"
    for view in views:
        yield f"### audit.{view.name}\n\n{view.about}\n"
        yield "| column | type | what it says |\n|---|---|---|"
        for column in view.columns:
            yield f"| `{column.name}` | {column.type} | {_cell(column.about)} |"
        yield ""


def _queries_lines() -> Iterator[str]:
    yield "## Shipped queries\n"
    subject = None
    for question in shipped().values():
        if question.subject != subject:
            subject = question.subject
            yield f"### {subject}\n\n| query | parameters | what it says |\n|---|---|---|"
        yield f"| `{question.name}` | {_parameters(question)} | {_cell(question.about)} |"


def _parameters(question: Shipped) -> str:
    told = (
        f"`{each.name}`" + ("" if each.default is None else f" = {each.default or '(empty)'}")
        for each in question.parameters
    )
    return ", ".join(told) or "none"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_INTRODUCTION: Final = """\
# SQL for auditors

Made by `make docs` from the comments in `sql/views/9*_audit*.sql` and `sql/audit/`: change them there.

The schema `audit` is a promise: within a version columns are only added (`FROM audit.version`). All instants
are UTC; durations ending in `_ns` are nanoseconds of the monotonic clock. The views hold facts, never
content: `*_ref` columns say where the sealed content lies, and `content(ref)` opens it for those allowed.

- Command line: `interactions-proxy sql "FROM audit.interactions LIMIT 5"`, `interactions-proxy sql --list`,
  `interactions-proxy sql --name tokens_by_model --param from=-7d`.
- HTTP (`admin.address`, `admin.port`; 127.0.0.1:8081): `GET /v1/queries/tokens_by_model?from=-7d` with
  `Authorization: Bearer ixp_...`; `{"rows": [...]}`, or `&format=jsonl`, `csv`, `arrow`, `parquet`.
- Parameters: an instant is ISO 8601, milliseconds since 1970 (Grafana's `${__from}`), `now`, or so long ago
  (`-15m`, `-24h`, `-7d`). A parameter without a default has to be given."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
