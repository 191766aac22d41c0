from __future__ import annotations

import importlib.util
import sys

from proxy.store.sandbox.functions import numpy_not_needed, pandas_not_sought


def test_stand_ins_are_there_for_a_while_only() -> None:
    is_here = {name: importlib.util.find_spec(name) is not None for name in ("numpy", "pandas")}
    before = {name: sys.modules.get(name) for name in is_here}

    with numpy_not_needed(), pandas_not_sought():
        assert is_here["numpy"] or sys.modules["numpy"].__version__ == "2.0.0"
        assert is_here["pandas"] or sys.modules["pandas"] is None

    assert {name: sys.modules.get(name) for name in is_here} == before
