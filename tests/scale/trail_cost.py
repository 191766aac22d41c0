"""What the trail costs of a request's CPU: two proxies, one of which has no trail, asked in turns.

`python -m tests.scale.trail_cost [PAIRS] [REQUESTS]`. CPU of gateway and recorder together, from the kernel's schedstat; on
two CPUs the proxies have one and the load the other. A trail cannot be switched off: here its thread is taken away. What
that thread itself used is told beside it: the difference of two processes is small beside the noise of a shared machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.bench import asking, systems
from tests.bench.cost import cpu_ns, median
from tests.bench.load import Unary, run_unary
from tests.bench.systems import System

BEGINNING: Final = """
import sys
import threading

if "proxy.recorder" in sys.orig_argv:
    from proxy.recorder.trail.follow import TrailFollower

    run = TrailFollower.run

    def named(self):
        (self._data_folder / "run" / "trail.thread").write_text(str(threading.get_native_id()))
        run(self)

    TrailFollower.run = named
"""
WITHOUT: Final = f"""{BEGINNING}
    TrailFollower.run = TrailFollower.offer = lambda self, *_: None
"""
WARM: Final = 2000


def main(pairs: int, count: int) -> None:
    """Print a line each pair, and the medians."""
    systems.on_cpu(1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(systems.scratch()))
        far = stack.enter_context(systems.target())
        with _beginning_with(BEGINNING):
            whole = stack.enter_context(
                systems.proxy("with", far, folder, mode="strict", records=True)
            )
        with _beginning_with(WITHOUT):
            bare = stack.enter_context(
                systems.proxy("without", far, folder, mode="strict", records=True)
            )
        for system in (whole, bare):
            _us_per_request(folder, system, WARM)
        spent: dict[str, list[float]] = {"with": [], "without": []}
        thread_ns, whole_ns = _thread_ns(folder, whole), _spent_ns(whole)
        for pair in range(pairs):
            for system in (whole, bare) if pair % 2 else (bare, whole):
                spent[system.name].append(_us_per_request(folder, system, count))
            on, off = spent["with"][-1], spent["without"][-1]
            print(f"with {on:.1f} us, without {off:.1f} us: {(on / off - 1):+.2%}", flush=True)
        share = (_thread_ns(folder, whole) - thread_ns) / (_spent_ns(whole) - whole_ns)
        assert _signed(folder / "with") > count * pairs > _signed(folder / "without")
    shares = [on / off - 1 for on, off in zip(spent["with"], spent["without"], strict=True)]
    on, off = median(spent["with"]), median(spent["without"])
    print(f"medians of {pairs} pairs of {count:,} requests: with {on:.1f} us, without {off:.1f} us")
    print(
        f"the trail: median of the pairs {median(shares):+.2%}, its thread {share:.2%}, load {os.getloadavg()[0]:.1f}"
    )


def _us_per_request(folder: Path, system: System, count: int) -> float:
    before = _spent_ns(system)
    run_unary(Unary(system.port, "/v1/interactions", 1000, 16, count))
    asking.flush(folder / system.name)
    return (_spent_ns(system) - before) / count / 1000


def _spent_ns(system: System) -> int:
    return sum(map(cpu_ns, system.pids.values()))


def _thread_ns(folder: Path, system: System) -> int:
    thread = (folder / system.name / "run" / "trail.thread").read_text()
    told = Path(f"/proc/{system.pids['recorder']}/task/{thread}/schedstat").read_text()
    return int(told.split()[0])


def _signed(data: Path) -> int:
    note = data / "trail" / "checkpoint"
    return int(note.read_text("utf-8").split("\n")[1]) if note.exists() else 0


@contextmanager
def _beginning_with(program: str) -> Iterator[None]:
    """Of interpreters that are started meanwhile."""
    before = os.environ.get("PYTHONPATH")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(program)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, before)))
        try:
            yield
        finally:
            os.environ.pop("PYTHONPATH")
            if before is not None:
                os.environ["PYTHONPATH"] = before


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    main(*numbers, *(9, 8000)[len(numbers) :])
