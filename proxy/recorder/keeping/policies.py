"""The policies' file as the recorder reads it: whose content is never stored. Re-read when it changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.audit.ledger.policies import POLICIES_BYTES_MAX, policies_from, policies_text
from proxy.audit.retention.policy import Policy, Subject, indexed, never_stored, tools_of
from proxy.errors import ConfigError, StartRefused
from proxy.recording.facts import Recording
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac

LOOK_NS: Final = 1_000_000_000
"""How often the file's time and size are asked for: a change counts a second later."""

_LOG: Final = logging.getLogger("proxy.recorder")


class Keeping:
    """One thread asks, the pipeline's."""

    def __init__(self, file: Path | None, index: Equality, mono_ns: Callable[[], int]) -> None:
        """Raises StartRefused: the file cannot be used. What nobody read cannot be kept to."""
        self._file = file
        self._index = index
        self._mono_ns = mono_ns
        self._looked_ns = mono_ns()
        self._stamp = self._stamped()
        self._policies: tuple[Policy, ...] = ()
        if file is not None:
            try:
                self._policies = self._read(file)
            except (OSError, ConfigError) as error:
                raise StartRefused(f"retention.policies_file {file}: {error}") from error

    def never_stored(self, recording: Recording) -> str | None:
        """The policy by which the content of this exchange is not kept; None: it is."""
        self._look()
        if not self._policies:
            return None
        return never_stored(self._policies, subject_of(recording))

    def _look(self) -> None:
        now_ns = self._mono_ns()
        if self._file is None or now_ns - self._looked_ns < LOOK_NS:
            return
        self._looked_ns = now_ns
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._policies = self._read(self._file)
        except (OSError, ConfigError) as error:
            _LOG.error("retention.policies_file: what is never stored stays as it was: %s", error)

    def _read(self, file: Path) -> tuple[Policy, ...]:
        with file.open("rb") as opened:
            text = policies_text(opened.read(POLICIES_BYTES_MAX + 1), file.name)
        found = [policy for policy in policies_from(text, file.name) if policy.is_for_content]
        return indexed(found, lambda label: label_mac(self._index, label))

    def _stamped(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return None if found is None else (found.st_mtime_ns, found.st_size)


def subject_of(recording: Recording) -> Subject:
    """What policies look at, of one exchange."""
    rows = recording.observations
    labels = {mac for row in rows for mac in (row.label_index or "").split(",")}
    return Subject(
        client=recording.exchange.client,
        labels=frozenset(labels - {""}),
        models=frozenset(name for row in rows for name in (row.model, row.agent) if name),
        tools=tools_of(step.type for step in recording.steps),
    )
