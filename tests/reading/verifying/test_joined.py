"""One file: what it imports stands in its first lines, and nothing of it is ours."""

from __future__ import annotations

import ast
import sys

from proxy.reading.verifying.joined import joined_verifier


def test_the_one_file_imports_the_standard_library_and_cryptography_only() -> None:
    tree = ast.parse(joined_verifier())
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + [one.name for one in node.names if isinstance(node, ast.Import)]
    }

    assert names - sys.stdlib_module_names == {"cryptography"}
