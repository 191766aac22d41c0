"""What is measured: a direct connection, this proxy, and Debian's nginx with its access log on.

Placement: the system under test has CPU 0, load and target share CPU 1 (on one CPU everything shares it).
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from proxy.config.catalogue import Settings
from proxy.config.load import dump_resolved

START_S_MAX = 20
PEER_START_S_MAX = 180
"""LiteLLM imports for half a minute."""
DEADLINE_MS = 10_000
"""Until a request is refused because the disk is late. A refusal would hide how late; here the wait shows in the figures."""
ROOT = Path(__file__).resolve().parents[2]

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 16384; }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_max_body_size 0; keepalive_requests 1000000000;
  upstream target {{ server 127.0.0.1:{target}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class System:
    """Something that listens. `pids` are its processes by role; a direct connection has none."""

    name: str
    port: int
    pids: dict[str, int]


def on_cpu(cpu: int) -> None:
    """Put this process (and what it starts) on one CPU, where there are at least two."""
    if len(os.sched_getaffinity(0)) > cpu:
        os.sched_setaffinity(0, {cpu})


def with_many_files() -> None:
    """Let this process, and what it starts, open what 5,000 streams need."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def target() -> Iterator[int]:
    """The far end, in a process of its own; yields its port."""
    command = [sys.executable, "-m", "tests.bench.target"]
    with _process(command, cpu=1) as process:
        assert process.stdout is not None, "stdout is a pipe"
        yield int(process.stdout.readline())


@contextmanager
def proxy(
    name: str,
    target_port: int,
    folder: Path,
    *,
    mode: str,
    records: bool,
    under: Sequence[str] = (),
) -> Iterator[System]:
    """One gateway worker and, if `records`, the recorder, as the supervisor starts them.

    `under`: a program that runs the gateway and becomes its process, with its arguments.
    """
    data = folder / name
    (data / "run").mkdir(parents=True)
    settings = Settings(
        data_folder=data,
        upstream_url=f"http://127.0.0.1:{target_port}",
        journal_mode=mode,
        journal_intent_deadline_ms=DEADLINE_MS,
    )
    resolved = data / "run" / "settings.json"
    dump_resolved(settings, resolved)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        settings_flag = ["--settings", str(resolved)]
        pids: dict[str, int] = {}
        if records:
            command = [sys.executable, "-m", "proxy.recorder", *settings_flag]
            pids["recorder"] = _ready(stack.enter_context(_process(command, cpu=0)))
        descriptor = listener.fileno()
        command = [*under, sys.executable, "-m", "proxy.gateway", *settings_flag]
        command += ["--worker", "0", "--listen-fd", str(descriptor)]
        worker = stack.enter_context(_process(command, cpu=0, descriptors=(descriptor,)))
        pids["gateway"] = _ready(worker)
        yield System(name, listener.getsockname()[1], pids)


@contextmanager
def recorder(data: Path) -> Iterator[System]:
    """A recorder alone, on a data folder whose gateway is gone."""
    command = [sys.executable, "-m", "proxy.recorder"]
    command += ["--settings", str(data / "run" / "settings.json")]
    with _process(command, cpu=0) as process:
        yield System(data.name, 0, {"recorder": _ready(process)})


@contextmanager
def nginx(target_port: int, folder: Path) -> Iterator[System]:
    """Debian's nginx, one worker, access log on, streaming without buffers."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        raise SystemExit(
            "make bench compares with nginx: install Debian's package nginx-light first"
        )
    home = folder / "nginx"
    home.mkdir()
    port = _free_port()
    config = home / "nginx.conf"
    config.write_text(NGINX.format(folder=home, port=port, target=target_port))
    with _process([program, "-c", str(config), "-p", str(home)], cpu=0) as process:
        _until(lambda: _listens(port), f"a listener on port {port}")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        _until(lambda: bool(children.read_text()), "a worker of nginx")
        yield System("nginx", port, {"gateway": int(children.read_text().split()[0])})


LITELLM = """
model_list: []
general_settings:
  dangerously_permit_weak_or_unset_master_key: true
  pass_through_endpoints:
    - {{path: "/bytes/1000", target: "http://127.0.0.1:{target}/bytes/1000", headers: {{content-type: application/json}}}}
"""


def litellm_program() -> Path | None:
    """LiteLLM's gateway, where `make peers` installed it."""
    program = ROOT / ".venvs" / "litellm" / "bin" / "litellm"
    return program if program.exists() else None


@contextmanager
def litellm(program: Path, target_port: int, folder: Path) -> Iterator[System]:
    """LiteLLM passing one path through, one worker, without a database: it keeps nothing of what passes."""
    home = folder / "litellm"
    home.mkdir()
    (home / "config.yaml").write_text(LITELLM.format(target=target_port))
    port = _free_port()
    command = [str(program), "--config", str(home / "config.yaml"), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--num_workers", "1", "--telemetry", "False"]
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(
            command,
            cwd=home,
            stdout=log,
            stderr=log,
            env={**os.environ, **offline},
            preexec_fn=lambda: on_cpu(0),  # noqa: PLW1509 - this program has no threads
        ) as process,
    ):
        try:
            _until(lambda: _listens(port), f"LiteLLM on port {port}", PEER_START_S_MAX)
            yield System("litellm", port, {"gateway": process.pid})
        finally:
            process.terminate()


@contextmanager
def emulator() -> Iterator[System]:
    """The emulator as a process of its own, without a ledger on disk."""
    command = [sys.executable, "-m", "proxy.emulator", "--port", "0", "--seed", "1"]
    with _process(command, cpu=0) as process:
        assert process.stdout is not None, "stdout is a pipe"
        said = orjson.loads(process.stdout.readline())
        yield System("emulator", int(said["url"].rpartition(":")[2]), {"emulator": process.pid})


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder beside the checkout's disk, not on a memory file system: syncs must cost what they cost."""
    return tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT)


@contextmanager
def _process(
    command: list[str], *, cpu: int, descriptors: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        pass_fds=descriptors,
        preexec_fn=lambda: on_cpu(cpu),  # noqa: PLW1509 - this program has no threads
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(START_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


def _ready(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None, "stdout is a pipe"
    line = process.stdout.readline()
    if line.strip() != b"ready":
        raise SystemExit(f"did not start: {process.args!r} said {line!r}")
    return process.pid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.01)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(is_so: Callable[[], bool], what: str, seconds: int = START_S_MAX) -> None:
    between = threading.Event()  # never set
    for _ in range(seconds * 100):
        if is_so():
            return
        between.wait(0.01)
    raise SystemExit(f"{what} did not come within {seconds} s")
