"""What has to stand in the records before a copy may be called gone."""

from __future__ import annotations

from proxy.audit.retention import events, machine


def has_witnesses(told: list[events.AnyEvent]) -> bool:
    """A 200, and after the last of them two 404s far enough apart with a control between, in one life."""
    served = [n for n, each in enumerate(told) if is_served(each)]
    if not served:
        return False
    after = told[served[-1] + 1 :]
    misses = [
        each
        for each in after
        if isinstance(each, events.Looked) and each.status == 404 and each.boot
    ]
    controls = [each for each in after if isinstance(each, events.ControlLooked)]
    return any(
        late.mono - early.mono >= machine.CONFIRM_NS
        and late.boot == early.boot
        and any(
            each.is_served and each.boot == early.boot and early.mono <= each.mono <= late.mono
            for each in controls
        )
        for early in misses
        for late in misses
    )


def is_served(event: events.AnyEvent) -> bool:
    if isinstance(event, events.Continued):
        return True
    return isinstance(event, events.Looked) and event.status == 200
