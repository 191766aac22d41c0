"""A whole supervisor over fake children: real processes, real signals."""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import select
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.config.catalogue import Settings
from proxy.config.load import load_resolved
from proxy.errors import ConfigError, StartRefused
from proxy.supervise.child import Pace
from proxy.supervise.plans import Programs, Started
from proxy.supervise.server import Supervisor
from tests.supervise.fakes import BROKEN, DOOR, LISTENING, OBEDIENT, PRIVATE, SUCCEEDING, program


def settings(folder: Path, **more: int) -> Settings:
    return Settings(
        data_folder=folder / "data",
        listen_port=0,
        admin_port=0,
        ops_port=0,
        gateway_workers=more.get("n", 1),
    )


def programs(notes: Path) -> Programs:
    return Programs(
        gateway=program(LISTENING, notes), recorder=program(OBEDIENT, notes, "recorder")
    )


async def serve_until(supervisor: Supervisor, act: Callable[[Started], None]) -> None:
    """Serve; when everything is ready act in a thread, then ask for a stop."""
    ready: asyncio.Queue[Started] = asyncio.Queue(1)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(supervisor.serve(ready.put_nowait))
        await asyncio.to_thread(act, await ready.get())
        supervisor.request_stop()


def ask(url: str) -> str:
    address, _, port = url.removeprefix("http://").rpartition(":")
    with socket.create_connection((address, int(port)), timeout=20) as client:
        return client.recv(100).decode()


def kill_and_wait(pid: int) -> None:
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([handle], [], [], 20)
    os.close(handle)


async def test_gateways_stop_first_and_the_recorder_last(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    supervisor = Supervisor(settings(tmp_path, n=2), programs=programs(notes))

    await serve_until(supervisor, lambda _: None)

    stopped = [line for line in notes.read_text().splitlines() if "stopped" in line]
    assert sorted(stopped[:2]) == ["gateway 0 stopped", "gateway 1 stopped"]
    assert stopped[2:] == ["recorder stopped"]


async def test_the_announced_url_reaches_a_gateway(tmp_path: Path) -> None:
    supervisor = Supervisor(settings(tmp_path), programs=programs(tmp_path / "notes"))
    answers: list[str] = []

    await serve_until(supervisor, lambda started: answers.append(ask(started.url)))

    assert answers == ["0"]


async def test_a_connection_waits_while_its_gateway_is_started_again(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    supervisor = Supervisor(settings(tmp_path), programs=programs(notes), note=lambda _: None)
    answers: list[str] = []

    def kill_then_ask(started: Started) -> None:
        (line,) = (line for line in notes.read_text().splitlines() if "gateway" in line)
        kill_and_wait(int(line.split()[3]))
        answers.extend(ask(started.url) for _ in range(3))

    await serve_until(supervisor, kill_then_ask)

    assert answers == ["0", "0", "0"]
    assert notes.read_text().count("gateway 0 ready") == 2


async def test_a_child_that_cannot_start_refuses_the_start_and_stops_the_others(
    tmp_path: Path,
) -> None:
    notes = tmp_path / "notes"
    broken = Programs(gateway=program(LISTENING, notes), recorder=program(BROKEN))

    with pytest.raises(StartRefused, match="the recorder did not start: exit code 3"):
        await Supervisor(settings(tmp_path), programs=broken).serve(lambda _: None)


async def test_a_second_request_to_stop_does_not_wait(tmp_path: Path) -> None:
    notes: list[str] = []
    deaf = program(LISTENING.replace("SIGTERM, end", "SIGTERM, signal.SIG_IGN"), tmp_path / "notes")
    supervisor = Supervisor(
        settings(tmp_path),
        programs=Programs(gateway=deaf, recorder=programs(tmp_path / "notes").recorder),
        pace=Pace(),
        note=notes.append,
    )

    def stop_once(_: Started) -> None:
        loop.call_soon_threadsafe(supervisor.request_stop)

    loop = asyncio.get_running_loop()
    await serve_until(supervisor, stop_once)

    assert notes == []


async def test_a_second_supervisor_of_one_folder_is_refused(tmp_path: Path) -> None:
    supervisor = Supervisor(settings(tmp_path), programs=programs(tmp_path / "notes"))
    refused: list[str] = []

    def start_another(_: Started) -> None:
        another = Supervisor(settings(tmp_path), programs=programs(tmp_path / "other"))
        with pytest.raises(StartRefused) as refusal:
            asyncio.run(another.serve(lambda _: None))
        refused.append(str(refusal.value))

    await serve_until(supervisor, start_another)

    assert "already served by process" in refused[0]


async def test_a_new_master_key_is_announced_once(tmp_path: Path) -> None:
    announced: list[bool] = []
    first = Supervisor(settings(tmp_path), programs=programs(tmp_path / "notes"))
    await serve_until(first, lambda started: announced.append(started.has_new_master_key))

    second = Supervisor(settings(tmp_path), programs=programs(tmp_path / "notes"))
    await serve_until(second, lambda started: announced.append(started.has_new_master_key))

    assert announced == [True, False]


async def test_a_start_waits_for_the_recorder_of_a_killed_supervisor(tmp_path: Path) -> None:
    given = settings(tmp_path)
    given.run_folder.mkdir(parents=True)
    supervisor = Supervisor(given, programs=programs(tmp_path / "notes"))

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        with (given.run_folder / "recorder.lock").open("w+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ready: asyncio.Queue[Started] = asyncio.Queue(1)
            group.create_task(supervisor.serve(ready.put_nowait))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ready.get(), 0.2)
        await ready.get()
        supervisor.request_stop()


async def test_a_start_is_refused_when_another_recorder_stays(tmp_path: Path) -> None:
    given = settings(tmp_path)
    given.run_folder.mkdir(parents=True)
    supervisor = Supervisor(
        given, programs=programs(tmp_path / "notes"), pace=Pace(ready_within_s=0.05)
    )

    with (given.run_folder / "recorder.lock").open("w+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StartRefused, match="still writes to"):
            await supervisor.serve(lambda _: None)


def reloading(
    folder: Path, reread: Callable[[], Settings]
) -> tuple[Supervisor, queue.SimpleQueue[str]]:
    """A supervisor with a gateway that can retire, and what it notes."""
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    supervisor = Supervisor(
        settings(folder),
        programs=Programs(
            gateway=program(SUCCEEDING, folder / "notes"),
            recorder=program(OBEDIENT, folder / "recorder", "recorder"),
        ),
        note=said.put,
        reread=reread,
    )
    return supervisor, said


def words(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "notes").read_text().splitlines()]


async def test_a_reload_starts_a_successor_and_then_retires_the_old_gateway(tmp_path: Path) -> None:
    fresh = replace(settings(tmp_path), gateway_connections_max=7, listen_port=9999)
    supervisor, said = reloading(tmp_path, lambda: fresh)

    def act(_: Started) -> None:
        supervisor.request_reload()
        assert said.get(timeout=20) == "listen.port: not changed, this needs a restart"
        assert said.get(timeout=20) == "settings reloaded"

    await serve_until(supervisor, act)

    first, second, *rest = words(tmp_path)
    assert (first[1], second[1]) == ("ready", "ready")
    assert sorted(rest) == sorted([[first[0], "retired"], [second[0], "stopped"]])
    written = load_resolved(tmp_path / "data" / "run" / "settings.json")
    assert (written.gateway_connections_max, written.listen_port) == (7, 0)


async def test_settings_that_cannot_be_read_change_nothing(tmp_path: Path) -> None:
    def broken() -> Settings:
        raise ConfigError("journal.mode: must be strict or available (file x.toml)")

    supervisor, said = reloading(tmp_path, broken)

    def act(_: Started) -> None:
        supervisor.request_reload()
        assert "stay as they were: journal.mode: must be" in said.get(timeout=20)

    await serve_until(supervisor, act)

    assert [word for _, word in words(tmp_path)] == ["ready", "stopped"]


async def test_a_certificate_that_cannot_be_used_changes_nothing_and_stops_no_gateway(
    tmp_path: Path,
) -> None:
    spoiled = tmp_path / "spoiled.pem"
    spoiled.write_text("no certificate")
    wrong = replace(
        settings(tmp_path), listen_tls_certificate_file=spoiled, listen_tls_key_file=spoiled
    )
    supervisor, said = reloading(tmp_path, lambda: wrong)

    def act(_: Started) -> None:
        supervisor.request_reload()
        assert "stay as they were: TLS: " in said.get(timeout=20)

    await serve_until(supervisor, act)

    assert [word for _, word in words(tmp_path)] == ["ready", "stopped"]
    written = load_resolved(tmp_path / "data" / "run" / "settings.json")
    assert written.listen_tls_certificate_file is None


async def test_a_steward_gets_its_credential_at_each_start_and_stops_first(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    started = replace(
        programs(notes),
        steward=program(PRIVATE, notes),
        gateway=program(OBEDIENT, notes, "gateway"),
    )
    supervisor = Supervisor(
        settings(tmp_path), programs=started, note=lambda _: None, janitor_key=b"a-key"
    )

    def kill_and_see_it_again(_: Started) -> None:
        (line,) = (line for line in notes.read_text().splitlines() if "steward" in line)
        kill_and_wait(int(line.split()[2]))
        while notes.read_text().count("steward ready") < 2:
            os.sched_yield()

    await serve_until(supervisor, kill_and_see_it_again)

    lines = notes.read_text().splitlines()
    assert [line.split()[3] for line in lines if "steward ready" in line] == ["a-key"] * 2
    assert lines[-3:] == ["steward stopped", "gateway stopped", "recorder stopped"]


async def test_webhooks_have_a_listener_and_the_gateway_its_private_sockets(
    tmp_path: Path,
) -> None:
    notes = tmp_path / "notes"
    gateway = OBEDIENT.replace("{os.getpid()}", "{[one for one in sys.argv if one[:2] == '--']}")
    started = replace(
        programs(notes), steward=program(PRIVATE, notes), gateway=program(gateway, notes, "gateway")
    )
    given = replace(settings(tmp_path), webhook_listen="on", webhook_port=0)
    told: list[Started] = []

    await serve_until(Supervisor(given, programs=started), told.append)

    assert told[0].webhook_url is not None
    assert told[0].webhook_url != told[0].url
    (line,) = (line for line in notes.read_text().splitlines() if "gateway ready" in line)
    assert "'--steward-fd', '--verify-fd'" in line


async def test_without_credential_and_listener_there_is_no_steward(tmp_path: Path) -> None:
    started = replace(programs(tmp_path / "notes"), steward=program(BROKEN))

    await serve_until(Supervisor(settings(tmp_path), programs=started), lambda _: None)

    assert not (tmp_path / "data" / "run" / "steward.sock").exists()


async def test_a_door_reads_its_rules_again_and_stops_between_gateways_and_recorder(
    tmp_path: Path,
) -> None:
    notes = tmp_path / "notes"
    (tmp_path / "door.toml").touch()
    started = replace(
        programs(notes),
        gateway=program(OBEDIENT, notes, "gateway"),
        door=program(DOOR, notes, "door", "--rules"),
    )
    given = replace(settings(tmp_path), door_policy_file=tmp_path / "door.toml")
    supervisor = Supervisor(given, programs=started, note=lambda _: None)
    loop = asyncio.get_running_loop()

    def reload(_: Started) -> None:
        loop.call_soon_threadsafe(supervisor.request_reload)
        while "door read again" not in notes.read_text():
            os.sched_yield()

    await serve_until(supervisor, reload)

    lines = notes.read_text().splitlines()
    assert sum("door ready" in line for line in lines) == 1, "the same one goes on"
    assert lines.index("door stopped") > lines.index("gateway stopped")


async def test_without_rules_there_is_no_door(tmp_path: Path) -> None:
    started = replace(programs(tmp_path / "notes"), door=program(BROKEN))

    await serve_until(Supervisor(settings(tmp_path), programs=started), lambda _: None)

    assert not (tmp_path / "data" / "run" / "door.sock").exists()
