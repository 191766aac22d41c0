"""What was freed is given back to the machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import gc, sys
from pathlib import Path
from proxy.heap import give_memory_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "given back":
    give_memory_back()
MIB = 1 << 20
bytearray(30 * MIB)  # freed at once: the allocator learns that so much is soon free again
before = resident()
bodies = [bytearray(b"x") * (4 * MIB) for _ in range(10)]
bodies.clear()
gc.collect()
print((resident() - before) // MIB)
"""


@pytest.mark.parametrize(("how", "kept_mib"), [("given back", range(10)), ("kept", range(30, 60))])
def test_what_large_bodies_took_is_given_back(how: str, kept_mib: range) -> None:
    """The second case guards the first: without our word the allocator keeps all of it."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) in kept_mib


AMONG = """
import ctypes, sys
from pathlib import Path
from proxy.heap import give_memory_back, trim_heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

give_memory_back()
malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.restype, free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
before, stay, go = resident(), [], []
for _ in range(400):
    go.append(malloc(100_000))
    ctypes.memset(ctypes.c_void_p(go[-1]), 1, 100_000)
    stay.append(malloc(100))
for each in go:
    free(each)
if sys.argv[1] == "trimmed":
    trim_heap()
print((resident() - before) >> 20)
"""


@pytest.mark.parametrize(
    ("how", "kept_mib"), [("trimmed", range(10)), ("left as it is", range(30, 60))]
)
def test_what_is_free_between_things_that_stay_is_given_back_when_told(
    how: str, kept_mib: range
) -> None:
    """The second case guards the first."""
    done = subprocess.run(
        [sys.executable, "-c", AMONG, how], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) in kept_mib
