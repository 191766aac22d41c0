"""The supervisor put together: hold the folder, listen, start the children, stop them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from proxy.config.catalogue import Settings
from proxy.config.load import dump_resolved
from proxy.errors import ConfigError, StartRefused
from proxy.logs import start_logging
from proxy.supervise.child import Child, ChildPlan, Pace
from proxy.supervise.folder import held_data_folder, recorder_of
from proxy.supervise.listen import check_certificates, open_listeners, url_of
from proxy.supervise.ops.listener import served_ops
from proxy.supervise.plans import Programs, Started, Stewardship
from proxy.supervise.private import held_in_memory, private_listeners
from proxy.supervise.reload import merged

LEAVE_WITHIN_S: Final = 3.0
"""For the gateways, beyond `gateway.drain_s`: what was cut is recorded, and the journal sealed."""
CATCH_UP_WITHIN_S: Final = 30.0
"""For the recorder: read what the gateways wrote last. What it does not manage, the next start does."""
STEWARD_WITHIN_S: Final = 5.0
"""For the steward: what it has asked may be answered. What is not is asked again at the next start.
So long for the door and the shipper, too."""
STOP_WITHIN_S: Final = 3 * STEWARD_WITHIN_S + LEAVE_WITHIN_S + CATCH_UP_WITHIN_S
"""For all of them, one after the other, beside `gateway.drain_s`."""
_log = logging.getLogger("supervisor")
_LOOK_EACH_S: Final = 0.05
"""How often to look whether an earlier recorder has left: a file lock cannot be awaited."""


def run(
    settings: Settings,
    announce: Callable[[Started], None],
    reread: Callable[[], Settings],
    janitor_key: bytes | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. A second signal stops without waiting; SIGHUP reloads.

    Args:
        settings: to start with.
        announce: told once everything serves.
        reread: gives the settings anew, from the same places; raises ConfigError.
        janitor_key: the steward's credential, if the environment had it.

    Raises:
        StartRefused: the folder, the port or a child is not as needed.
    """
    # Both are inherited by the children: files are for this user alone, and there is no core dump,
    # which would hold keys and prompts in clear.
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    start_logging(settings.log_format, "supervisor")
    supervisor = Supervisor(settings, reread=reread, janitor_key=janitor_key)
    asyncio.run(_run_with_signals(supervisor, announce))


async def _run_with_signals(supervisor: Supervisor, announce: Callable[[Started], None]) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, supervisor.request_reload)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.request_stop)
    await supervisor.serve(announce)


def _note(text: str) -> None:
    _log.warning("note: %s", text)


class Supervisor:
    """One run of a proxy: N gateway workers, a recorder and, if there is work for one, a steward."""

    def __init__(
        self,
        settings: Settings,
        *,
        programs: Programs | None = None,
        pace: Pace | None = None,
        note: Callable[[str], None] = _note,
        reread: Callable[[], Settings] | None = None,
        janitor_key: bytes | None = None,
    ) -> None:
        self._settings = settings
        self._reread = reread or (lambda: settings)
        self._programs = programs or Programs()
        self._pace = pace or Pace()
        self._note = note
        self._stopping = asyncio.Event()
        self._reload_asked = asyncio.Event()
        self._gateways: list[Child] = []
        self._retired: list[Child] = []
        """Gateways that finish their streams after a reload; each ends by itself."""
        self._recorders: list[Child] = []
        self._starts: Counter[str] = Counter()
        self._stewards: list[Child] = []
        """None or one."""
        self._doors: list[Child] = []
        """None or one."""
        self._shippers: list[Child] = []
        """None or one."""
        self._janitor_key = janitor_key

    def request_stop(self) -> None:
        """Stop in order; asked for a second time, stop now."""
        if self._stopping.is_set():
            rest = (*self._retired, *self._doors, *self._shippers, *self._recorders)
            for child in (*self._stewards, *self._gateways, *rest):
                child.kill()
        self._stopping.set()

    def request_reload(self) -> None:
        """Read the settings again; new connections get them, streams in flight are left alone."""
        self._reload_asked.set()

    async def serve(self, announce: Callable[[Started], None]) -> None:
        """Start everything, call `announce` once it serves, return when all has stopped.

        Raises:
            StartRefused: see `run`.
        """
        settings = self._settings
        try:
            check_certificates(settings)
        except ConfigError as error:
            raise StartRefused(str(error)) from error
        with ExitStack() as stack:
            folder = stack.enter_context(held_data_folder(settings))
            listeners = stack.enter_context(_listeners(settings))
            ours = (settings.admin_address, settings.admin_port)
            admin = stack.enter_context(open_listeners(*ours, 1, "--set admin.port=N")[0])
            private = stack.enter_context(private_listeners(settings.run_folder))
            stewardship = self._prepare_stewardship(stack)
            # A pipe each: children may set theirs to non-blocking, and a shared one would be, too.
            self._gateways = [
                self._gateway(
                    worker,
                    listener,
                    folder.settings_file,
                    stack.enter_context(_lifeline()),
                    private if worker == 0 else {},
                )
                for worker, listener in enumerate(listeners)
            ]
            if stewardship:
                lifeline = stack.enter_context(_lifeline())
                self._stewards = [self._steward(stewardship, folder.settings_file, lifeline)]
            if settings.door_policy_file is not None:
                lifeline = stack.enter_context(_lifeline())
                self._doors = [self._door(folder.settings_file, lifeline)]
            if settings.fleet_engine_file is not None:
                lifeline = stack.enter_context(_lifeline())
                self._shippers = [self._shipper(folder.settings_file, lifeline)]
            lifeline = stack.enter_context(_lifeline())
            recorder = self._recorder(folder.settings_file, lifeline, admin)
            self._recorders = [recorder]
            await self._until_the_last_recorder_left()
            webhooks = stewardship.webhooks if stewardship else None
            started = Started(
                url_of(listeners[0], has_tls=settings.listen_tls_certificate_file is not None),
                folder.has_new_master_key,
                None if webhooks is None else url_of(webhooks),
                url_of(admin, has_tls=settings.admin_tls_certificate_file is not None),
            )
            refused: StartRefused | None = None
            try:
                async with served_ops(settings, self._starts, self._stopping.is_set) as ops_url:
                    told = replace(started, ops_url=ops_url)
                    await self._keep(recorder, folder.settings_file, lambda: announce(told))
            except* StartRefused as refusals:
                refused = _first(refusals)
            # Outside: up to Python 3.11.3 what `except*` raises comes out in a group again.
            if refused:
                raise refused

    async def _until_the_last_recorder_left(self) -> None:
        """Wait for what a killed supervisor left: two recorders must not write one vault.

        Raises:
            StartRefused: it does not leave.
        """
        run_folder = self._settings.run_folder
        deadline = asyncio.get_running_loop().time() + self._pace.ready_within_s
        while (holder := recorder_of(run_folder)) and not self._stopping.is_set():
            if asyncio.get_running_loop().time() > deadline:
                raise StartRefused(
                    f"process {holder} still writes to {self._settings.data_folder} "
                    "(a recorder or `rebuild`): wait for it or stop it"
                )
            await asyncio.sleep(_LOOK_EACH_S)

    async def _keep(
        self, recorder: Child, settings_file: Path, announce: Callable[[], None]
    ) -> None:
        """Keep all children until a stop is asked for; then gateways first, recorder last."""
        async with asyncio.TaskGroup() as group:
            for child in (
                *self._gateways,
                recorder,
                *self._doors,
                *self._stewards,
                *self._shippers,
            ):
                group.create_task(child.keep(), name=f"keep {child.plan.name}")
            announcing = group.create_task(self._when_ready(recorder, announce), name="announce")
            reloading = group.create_task(self._reload(group, recorder, settings_file))
            await self._stopping.wait()
            announcing.cancel()
            reloading.cancel()
            # A client of the gateways: what it asked is answered, and recorded like any other.
            for steward in self._stewards:
                await steward.stop(STEWARD_WITHIN_S)
            within_s = self._settings.gateway_drain_s + LEAVE_WITHIN_S
            async with asyncio.TaskGroup() as draining:
                for gateway in (*self._gateways, *self._retired):
                    draining.create_task(gateway.stop(within_s), name="drain")
            for door in self._doors:  # it answers until the last gateway has left
                await door.stop(STEWARD_WITHIN_S)
            for shipper in self._shippers:  # what it has not shipped, the next start does
                await shipper.stop(STEWARD_WITHIN_S)
            await recorder.stop(CATCH_UP_WITHIN_S)

    async def _when_ready(self, recorder: Child, announce: Callable[[], None]) -> None:
        for child in (*self._gateways, recorder, *self._doors, *self._stewards, *self._shippers):
            await child.first_ready.wait()
        announce()
        recorder.speak()  # the first line of ours says where we are

    async def _reload(self, group: asyncio.TaskGroup, recorder: Child, settings_file: Path) -> None:
        """Each time it is asked: new gateways take over from the old ones, one after the other."""
        while True:
            await self._reload_asked.wait()
            self._reload_asked.clear()
            try:
                changed, differing = merged(self._settings, self._reread())
                check_certificates(changed)
                dump_resolved(changed, settings_file)
                self._settings = changed
            except (ConfigError, OSError) as error:
                self._note(f"the settings stay as they were: {error}")
                continue
            if differing:
                self._note(f"{', '.join(differing)}: not changed, this needs a restart")
            for worker in range(len(self._gateways)):
                await self._replace(group, worker)
            for child in (recorder, *self._stewards):
                child.renew()
            for door in self._doors:
                door.reread()
            self._note("settings reloaded")

    async def _replace(self, group: asyncio.TaskGroup, worker: int) -> None:
        old = self._gateways[worker]
        new = Child(old.plan, self._note, self._pace)
        group.create_task(self._keep_or_drop(new), name=f"keep {new.plan.name}")
        self._retired = [child for child in self._retired if not child.has_ended]
        self._retired.append(new)  # stopped with the others if the end comes now
        if await new.is_up():
            self._retired.remove(new)
            self._gateways[worker] = new
            self._retired.append(old)
            old.retire()

    async def _keep_or_drop(self, child: Child) -> None:
        try:
            await child.keep()
        except StartRefused as error:
            self._note(f"{error}; the one before goes on")

    def _prepare_stewardship(self, stack: ExitStack) -> Stewardship | None:
        """None: nothing for a steward to do, and nobody to do it with."""
        settings, key = self._settings, self._janitor_key
        if key is None and not settings.has_steward:
            return None
        webhooks = None
        if settings.webhook_listen == "on":
            (webhooks,) = open_listeners(settings.webhook_address, settings.webhook_port, 1)
            stack.enter_context(webhooks)
        number = None if key is None else stack.enter_context(held_in_memory(key))
        return Stewardship(number, webhooks)

    def _steward(self, given: Stewardship, settings_file: Path, lifeline: int) -> Child:
        command = (*self._programs.steward, "--settings", str(settings_file))
        descriptors: list[int] = []
        if given.janitor_key is not None:
            descriptors.append(given.janitor_key)
            command += ("--credential-fd", str(given.janitor_key))
        if given.webhooks is not None:
            descriptors.append(given.webhooks.fileno())
            command += ("--webhook-fd", str(given.webhooks.fileno()))
        plan = ChildPlan(
            name="steward",
            command=command,
            lifeline=lifeline,
            descriptors=tuple(descriptors),
            starts=self._starts,
        )
        return Child(plan, self._note, self._pace)

    def _door(self, settings_file: Path, lifeline: int) -> Child:
        command = (*self._programs.door, "--settings", str(settings_file))
        plan = ChildPlan(name="door", command=command, lifeline=lifeline, starts=self._starts)
        return Child(plan, self._note, self._pace)

    def _shipper(self, settings_file: Path, lifeline: int) -> Child:
        command = (*self._programs.shipper, "--settings", str(settings_file))
        plan = ChildPlan(name="shipper", command=command, lifeline=lifeline, starts=self._starts)
        return Child(plan, self._note, self._pace)

    def _gateway(
        self,
        worker: int,
        listener: socket.socket,
        settings_file: Path,
        lifeline: int,
        private: Mapping[str, socket.socket],
    ) -> Child:
        number = listener.fileno()
        command = (
            *self._programs.gateway,
            *("--settings", str(settings_file)),
        )
        for purpose, own in private.items():
            command += (f"--{purpose}-fd", str(own.fileno()))
        command += ("--worker", str(worker), "--listen-fd", str(number))
        name = f"gateway worker {worker}"
        numbers = (number, *(own.fileno() for own in private.values()))
        plan = ChildPlan(
            name=name,
            command=command,
            lifeline=lifeline,
            descriptors=numbers,
            starts=self._starts,
        )
        return Child(plan, self._note, self._pace)

    def _recorder(self, settings_file: Path, lifeline: int, admin: socket.socket) -> Child:
        command = (
            *self._programs.recorder,
            *("--settings", str(settings_file), "--admin-fd", str(admin.fileno())),
        )
        plan = ChildPlan(
            name="recorder",
            command=command,
            lifeline=lifeline,
            descriptors=(admin.fileno(),),
            passes_on=True,
            starts=self._starts,
        )
        return Child(plan, self._note, self._pace)


@contextmanager
def _listeners(settings: Settings) -> Iterator[list[socket.socket]]:
    listeners = open_listeners(
        settings.listen_address, settings.listen_port, settings.gateway_workers
    )
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


@contextmanager
def _lifeline() -> Iterator[int]:
    """A pipe nobody writes to. When this process is gone, however, its readers see the end of it."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def _first(refusals: BaseExceptionGroup[StartRefused]) -> StartRefused:
    """Several children may have failed for one reason: the first says enough."""
    inner = refusals.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
