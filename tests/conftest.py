"""What holds for every test, however the run was started."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: how long one example takes proves nothing.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_configure() -> None:
    """Ctrl-C works in the programs under test, even if this run is a shell's background job.

    Such a job inherits "ignore SIGINT", and hands it on to the programs it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
