"""Every limit of the gateway, with where its number comes from. Reaching one is recorded or counted."""

from __future__ import annotations

from typing import Final

HEAD_BYTES_MAX: Final = 64 * 1024
"""Request line and header lines of one request. Eight times the usual 8 KiB: upload ids and event ids
travel in targets. Beyond it: 431."""

HEADER_COUNT_MAX: Final = 256
"""Header lines of one request; SDKs send 8 to 20. Beyond it: 431."""

SLICE_BYTES: Final = 64 * 1024
"""A parser is fed at most this much at once, so a pipelining client is read ahead by no more."""

SILENT_BYTES_MAX: Final = HEAD_BYTES_MAX + SLICE_BYTES
"""Bytes a parser may swallow without a whole head or a body byte coming out: it keeps an unfinished
header line itself, so this bounds it. A head of the largest size, and the slice that ended the body before."""

RESPONSE_HEAD_BYTES_MAX: Final = 512 * 1024
"""The same for a response head or its trailers: far beyond any client's own limit, two full reads of
asyncio. Beyond it the response counts as broken."""

HELD_BYTES_MAX: Final = 128 * 1024
"""Bytes of one direction that wait for the journal or for the upstream connection before reading
pauses: at most one full read of asyncio (256 KiB) is then held, not two. Measured with four 64 MB
bodies abreast against 256 KiB: 2 MB less at the peak (42 instead of 44), the same throughput within
noise. With 5,000 busy connections that is 1.2 GiB, the worst case."""

BACKLOG_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes appended to the journal and not yet committed before reading pauses everywhere: about
30 ms of a disk that writes 250 MB/s."""

SECRETS_CACHED_MAX: Final = 1024
"""Credentials whose fingerprint is kept in memory; callers share few."""

SECRET_CACHED_BYTES_MAX: Final = 512
"""Longer ones (cookies, whole URLs) are worked out again each time: 64 KiB each would be 200 MB."""

LINGER_S: Final = 2.0
"""How long a refused request is still read and thrown away, so that the answer is not lost to a reset."""

BODY_BYTES_MIN: Final = 30 * 1024
"""What a client sends of its body within `gateway.body_timeout_s` (30 s): 1 KiB/s (security notes 3.1)."""

ORPHAN_S: Final = 900.0
"""How long an exchange whose client left may go on until its answer is whole: the service bounds a
request to about 10 minutes (protocol reference, section 4)."""

TICK_S: Final = 0.05
"""How often deadlines are looked at while something waits: a fifth of the default intent deadline."""

SWEEP_S: Final = 1.0
"""How often all connections are looked at for slow heads and idle time, and gauges are published."""

HANGUP_LOOK_S: Final = 0.25
"""How often clients that are not being read are asked whether they have hung up: upstream is to be released
within a second. Costs a system call for each of them, and there are few."""

TOLD_MAX: Final = 1024
"""Connections, beyond `gateway.connections_max`, that are told at once that there is no place for them. They
stay for up to LINGER_S if they do not go by themselves; one more is closed without being told."""

RETRY_AFTER_S: Final = 1
"""Said with a 503: SDKs honour it (protocol reference, section 14.1)."""

REOPEN_S: Final = 1.0
"""How often a failed journal is tried again."""

LINES_CACHED_MAX: Final = 2048
"""Header lines remembered per direction: a few dozen per kind of client, and lengths. About 1 MiB."""

LINE_CACHED_BYTES_MAX: Final = 512
"""Longer values (cookies, tokens of some kinds) are read each time."""

GATHER_S: Final = 0.005
"""available mode: how long entries gather before they are written. A kill loses (and counts) this much."""
