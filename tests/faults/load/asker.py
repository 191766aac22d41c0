"""Somebody who asks without mercy, in a process of its own: `python -m tests.faults.load.asker URL TOKEN_FILE`.

Twice as many at once as the admin listener answers, each a statement that works until it is ended. Says `asking` when they
are on their way, and is killed at the end.
"""

from __future__ import annotations

import sys
import threading
import urllib.error
import urllib.request
from itertools import cycle
from pathlib import Path
from typing import Final

from proxy.admin.asking.statements import AT_ONCE

STATEMENTS: Final = (
    "SELECT count(*) FROM range(100000000) AS a, range(100000000) AS b",
    "SELECT count(DISTINCT sin(a.range)) FROM range(1000000000) AS a",
    "SELECT sum(e.duration_ns * a.range) FROM audit.exchanges AS e, range(1000000000) AS a",
)


def asks(url: str, token: str) -> None:
    """One after the other, whatever is answered: they come too late."""
    for statement in cycle(STATEMENTS):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sql"}
        request = urllib.request.Request(f"{url}/v1/sql", statement.encode(), headers)
        try:
            with urllib.request.urlopen(request) as answer:
                answer.read()
        except urllib.error.HTTPError as refused:
            refused.close()


def main(url: str, token_file: str) -> None:
    token = Path(token_file).read_text("ascii").strip()
    asking = [threading.Thread(target=asks, args=(url, token)) for _ in range(2 * AT_ONCE)]
    for each in asking:
        each.start()
    print("asking", flush=True)
    for each in asking:
        each.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
