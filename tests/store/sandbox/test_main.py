from __future__ import annotations

import duckdb
import pytest

from proxy.store.sandbox.__main__ import readable
from proxy.store.sandbox.allowed import TEXT_BYTES_MAX, Refused


def test_a_statement_that_is_too_long_is_not_even_parsed() -> None:
    with pytest.raises(Refused, match="64 KiB"):
        readable(duckdb.connect(), "SELECT '" + "x" * TEXT_BYTES_MAX + "'")


def test_one_statement_at_a_time() -> None:
    for statement in ("", "SELECT 1; SELECT 2"):
        with pytest.raises(Refused, match="one statement"):
            readable(duckdb.connect(), statement)
