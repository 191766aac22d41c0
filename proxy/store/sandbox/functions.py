"""Python functions in DuckDB without the two large packages that it looks for in vain."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pandas_not_sought() -> Iterator[None]:
    """Spare DuckDB the search for a pandas that is not installed.

    1.5.5 asks for it twice for each value that a statement is given, also for each of a list, and for each call of
    content(), in vain: 283 us, against 10 for the call itself.
    """
    if "pandas" in sys.modules or importlib.util.find_spec("pandas") is not None:
        yield  # it is there, or another one outside of this spares the search already
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]  # Python's own sign for "not to be found"
    try:
        yield
    finally:
        del sys.modules["pandas"]


@contextmanager
def numpy_not_needed() -> Iterator[None]:
    """Let create_function find a numpy where none is installed (73 MB that nobody else needs).

    DuckDB 1.5.5 looks for it before it looks which kind of function is made; native ones never use
    it (duckdb/duckdb-python pull request 538, July 2026). A test opens content without numpy.
    """
    if importlib.util.find_spec("numpy") is not None:
        yield
        return
    stand_in = types.ModuleType("numpy")
    stand_in.__dict__.update(__version__="2.0.0", _core=types.SimpleNamespace(multiarray=None))
    sys.modules["numpy"] = stand_in
    try:
        yield
    finally:
        del sys.modules["numpy"]
