"""A process that journals until it is killed. Prints each exchange up to which all are durable.

Run by test_writer.py with the data folder, the boot and a seed.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from proxy.journal.format import Kind
from proxy.journal.writer import JournalLimits
from tests.journal.written import living


def main() -> None:
    folder, boot, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    with living(folder, JournalLimits(segment_bytes=64 * 1024), boot) as writing:
        writer, page = writing.writer, writing.page
        while True:
            sequence = 0
            for _ in range(chance.randrange(1, 9)):
                page.seen += 1
                sequence = writer.begin()
                writer.append(sequence, Kind.INTENT, sequence.to_bytes(8, "little"))
                writer.append(
                    sequence, Kind.REQUEST_CHUNK, chance.randbytes(chance.randrange(3000))
                )
                writer.append(sequence, Kind.END, b"")
            writing.answers.wait_for(writer.flush())
            print(sequence, flush=True)


main()
