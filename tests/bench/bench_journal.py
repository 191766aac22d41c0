"""What the journal costs: CPU per exchange on both sides of the writer, commits, and CPU per frame of the reader.

    .venv/bin/python -m tests.bench.bench_journal [--folder DIR] [--clients 16] [--exchanges 20000] [--json]

One exchange: 1 KB request, 1 KB response; two commits, two frames (INTENT + REQUEST_CHUNK + REQUEST_END,
then RESPONSE_HEAD + RESPONSE_CHUNK + END). `--clients` exchanges wait for the same commit, as in strict mode.
Does not measure: the gateway's own work, the wake-up of a real event loop, or anything under other load.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proxy.journal.format import Kind
from proxy.journal.keys import MasterKey
from proxy.journal.page import WorkerPage
from proxy.journal.reader import journals
from proxy.journal.seal import QueuedEntry, Sealer
from proxy.journal.slots import SLOTS_PER_BLOCK, Keystore, SlotFile
from proxy.journal.writer import JournalLimits, JournalWriter, LoopCalls

ROOT = Path(__file__).parents[2]
MASTER = MasterKey(bytes(32))
WORDS = [secrets.token_hex(3).encode() for _ in range(400)]
BODY = b'{"input":"' + b" ".join(random.choices(WORDS, k=400))[:1000] + b'"}'
HEAD = b"POST /v1beta/interactions HTTP/1.1\r\n" + b"x-goog-api-client: genai/1.0\r\n" * 9 + b"\r\n"


def request_entries(writer: JournalWriter, sequence: int) -> None:
    append = writer.append
    append(sequence, Kind.INTENT, HEAD)
    append(sequence, Kind.REQUEST_CHUNK, BODY)
    append(sequence, Kind.REQUEST_END, b"12345678")


def response_entries(writer: JournalWriter, sequence: int) -> None:
    append = writer.append
    append(sequence, Kind.RESPONSE_HEAD, HEAD)
    append(sequence, Kind.RESPONSE_CHUNK, BODY)
    append(sequence, Kind.END, b"12345678901")


class Bench:
    """One writer with its thread, driven like a gateway in strict mode."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.page = WorkerPage.create(folder / "run", worker=0, boot=secrets.randbits(64))
        self.commits: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.commit_count = 0
        self.writer = JournalWriter.open(
            folder,
            master=MASTER,
            page=self.page,
            limits=JournalLimits(),
            loop=LoopCalls(lambda call, value: call(value), self.commits.put, self.commits.put),
            now_ns=time.time_ns,
            mono_ns=time.monotonic_ns,
        )

    def wait(self, ticket: int) -> None:
        while self.commits.get(timeout=60) < ticket:
            self.commit_count += 1
        self.commit_count += 1

    def run(self, clients: int, exchanges: int) -> dict[str, float]:
        ident = self.writer._thread.ident
        assert ident is not None
        clock = time.pthread_getcpuclockid(ident)
        loop_ns, waits = 0, []
        kernel_start = self.kernel_s()
        thread_start, wall_start = time.clock_gettime_ns(clock), time.perf_counter_ns()
        for _ in range(exchanges // clients):
            sequences: list[int] = []
            ticket = 0
            for step in (request_entries, response_entries):
                before = time.thread_time_ns()
                for index in range(clients):
                    if step is request_entries:
                        sequences.append(self.writer.begin())
                    step(self.writer, sequences[index])
                    ticket = self.writer.flush()
                loop_ns += time.thread_time_ns() - before
                started = time.perf_counter_ns()
                self.wait(ticket)
                waits.append(time.perf_counter_ns() - started)
        wall_ns = time.perf_counter_ns() - wall_start
        thread_ns = time.clock_gettime_ns(clock) - thread_start
        kernel_s = self.kernel_s() - kernel_start
        waits.sort()
        return {
            "loop_cpu_us_per_exchange": loop_ns / exchanges / 1e3,
            "thread_cpu_us_per_exchange": thread_ns / exchanges / 1e3,
            "thread_kernel_us_per_exchange": kernel_s * 1e6 / exchanges,
            "exchanges_per_s": exchanges / wall_ns * 1e9,
            "commits_per_s": self.commit_count / wall_ns * 1e9,
            "wait_p50_ms": waits[len(waits) // 2] / 1e6,
            "wait_p99_ms": waits[len(waits) * 99 // 100] / 1e6,
        }

    def kernel_s(self) -> float:
        """CPU the writer's thread spent in the kernel, in ticks of 10 ms."""
        status = Path(f"/proc/self/task/{self.writer._thread.native_id}/stat").read_text("ascii")
        return int(status.rpartition(")")[2].split()[12]) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.writer.close(60)
        self.page.close()

    def read(self) -> float:
        """CPU µs per frame, of the sealed frames of all exchanges."""
        keys = Keystore(self.folder / "keys" / "slots", MASTER)
        (journal,) = journals(self.folder, keys)
        cursor, count, started = journal.start(), 0, time.thread_time_ns()
        while frames := (batch := journal.read(cursor, 1 << 20)).frames:
            cursor, count = batch.cursor, count + len(frames)
        spent = time.thread_time_ns() - started
        journal.close()
        keys.close()
        return spent / count / 1e3


def best_us(run: Callable[[], object], per: int, repeats: int = 15) -> float:
    """Smallest CPU time of several runs: what the code costs when nobody disturbs."""
    times = []
    for _ in range(repeats):
        started = time.thread_time_ns()
        run()
        times.append(time.thread_time_ns() - started)
    return min(times) / per / 1e3


def sealing() -> dict[str, float]:
    """Sealing and opening alone, without disk and without another thread. Per exchange of two frames."""
    count = 500
    keys = [secrets.token_bytes(32) for _ in range(count)]

    def batches() -> list[list[QueuedEntry]]:
        first: list[QueuedEntry] = []
        second: list[QueuedEntry] = []
        for sequence in range(1, count + 1):
            first.append((sequence, 1, 0, 1, 1, HEAD))
            first.append((sequence, 2, 0, 1, 1, BODY))
            first.append((sequence, 3, 0, 1, 1, b"12345678"))
            second.append((sequence, 4, 0, 1, 1, HEAD))
            second.append((sequence, 5, 0, 1, 1, BODY))
            second.append((sequence, 6, 0, 1, 1, b"12345678901"))
        return [first, second]

    both = batches()

    def seal() -> None:
        sealer = Sealer(0, 1, lambda sequence: keys[sequence - 1])
        for batch in both:
            sealer.seal(batch)

    return {"seal_us_per_exchange": best_us(seal, count)}


def slots(folder: Path) -> dict[str, float]:
    file = SlotFile.create(folder, MASTER, 0, 1)

    def block() -> None:
        file.ensure(file.durable_last + 1)

    result = {"slots_us_per_exchange": best_us(block, SLOTS_PER_BLOCK)}
    file.close()
    return result


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=ROOT)
    arguments.add_argument("--clients", type=int, default=16)
    arguments.add_argument("--exchanges", type=int, default=20_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    runs: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix=".bench-") as name:
        for number in range(asked.runs):
            bench = Bench(Path(name) / str(number))
            figures = bench.run(asked.clients, asked.exchanges)
            bench.close()
            figures["read_us_per_frame"] = min(bench.read() for _ in range(3))
            runs.append(figures | sealing() | slots(Path(name) / str(number) / "slots"))
    medians = {each: statistics.median(run[each] for run in runs) for each in runs[0]}
    machine = f"{platform.machine()} {os.cpu_count()} cpus, Python {platform.python_version()}"
    if asked.json:
        print(json.dumps({"machine": machine, "clients": asked.clients, "runs": runs} | medians))
        return
    print(
        f"{machine}; {asked.clients} clients, {asked.exchanges} exchanges, {asked.runs} runs: median (least to most)"
    )
    for each, median in medians.items():
        values = [run[each] for run in runs]
        print(f"  {each:32} {median:10.2f}   ({min(values):.2f} to {max(values):.2f})")


main()
