"""The catalogue: every setting, declared once. Loader, `config --explain` and README come from here.

A field `listen_port` of `Settings` is the setting `listen.port` (its first underscore is the dot),
`[listen] port` in the file, INTERACTIONS_PROXY_LISTEN_PORT in the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Final

from proxy.config.declare import GIB, KIB, MIB, Kind, Setting, setting
from proxy.config.reaching import Reaching


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Reaching):
    """All settings, resolved. Made by `proxy.config.load`; tests may make one directly."""

    data_folder: Path = setting(  # noqa: RUF009  # a field, as dataclasses.field
        Path("~/.interactions-proxy"),
        Kind.FOLDER,
        why="Records, keys and tables lie here: choose the disk that shall hold (and pay) for them.",
    )
    listen_address: str = setting(
        "127.0.0.1",
        Kind.TEXT,
        why="Where clients connect. 0.0.0.0 or :: serves other machines; they bring their own key.",
    )
    listen_port: int = setting(
        8080, Kind.WHOLE, least=0, most=65535, why="Another program has 8080. 0 takes a free port."
    )
    gateway_workers: int = setting(
        1,
        Kind.WHOLE,
        unit="processes",
        least=1,
        most=64,
        why="One worker fills one core; more share the port.",
    )
    gateway_connections_max: int = setting(
        10_000,
        Kind.WHOLE,
        unit="connections",
        least=1,
        most=1_000_000,
        why="Per worker. Beyond it new connections are refused; each needs two file descriptors.",
    )
    gateway_connections_per_address_max: int = setting(
        10_000,
        Kind.WHOLE,
        unit="connections",
        least=1,
        most=1_000_000,
        why="Per worker and client address: lower it where many clients share the proxy directly.",
    )
    gateway_header_timeout_s: float = setting(
        10.0,
        Kind.NUMBER,
        unit="s",
        least=0.1,
        most=600,
        why="A client that sends a request head slower than this is cut off.",
    )
    gateway_body_timeout_s: float = setting(
        30.0,
        Kind.NUMBER,
        unit="s",
        least=0.1,
        most=3600,
        why="Within it a client sends 30 KiB of its body, or the rest of it; a slower one gets 408.",
    )
    gateway_write_timeout_s: float = setting(
        60.0,
        Kind.NUMBER,
        unit="s",
        least=0.1,
        most=3600,
        why="A client that takes no byte of its answer for so long is cut off.",
    )
    gateway_keepalive_s: float = setting(
        75.0,
        Kind.NUMBER,
        unit="s",
        least=0.1,
        most=3600,
        why="An idle client connection is closed after this; keep it above the SDK's own reuse.",
    )
    gateway_finish: str = setting(
        "on",
        Kind.CHOICE,
        choices=("on", "off"),
        why="on: an answer whose client left is read to its end and recorded; streams end in any case.",
    )
    gateway_via: str = setting(
        "",
        Kind.TEXT,
        why="A name for this proxy in the Via of requests; then a loop is seen, and answered with 508.",
    )
    upstream_url: str = setting(
        "https://generativelanguage.googleapis.com",
        Kind.TEXT,
        why="Where requests go: an origin, without path. Plain http only on loopback (the emulator).",
    )
    upstream_ca_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Certificates (PEM) to trust instead of the system's, behind a company's TLS proxy.",
    )
    upstream_connect_timeout_s: float = setting(
        10.0,
        Kind.NUMBER,
        unit="s",
        least=0.1,
        most=120,
        why="An upstream that cannot be reached is answered with 502 after this.",
    )
    upstream_idle_timeout_s: float = setting(
        1800.0,
        Kind.NUMBER,
        unit="s",
        least=0.1,
        most=86_400,
        why="An upstream that says nothing for so long is given up; the service itself ends after 20 minutes.",
    )
    journal_mode: str = setting(
        "strict",
        Kind.CHOICE,
        choices=("strict", "available"),
        why="strict: nothing passes unrecorded. available: traffic goes first, losses are counted.",
    )
    journal_reads: str = setting(
        "same",
        Kind.CHOICE,
        choices=("same", "strict", "available"),
        why="The mode of GET, HEAD and OPTIONS; `available` spares polls the wait for the disk.",
    )
    journal_intent_deadline_ms: int = setting(
        250,
        Kind.WHOLE,
        unit="ms",
        least=1,
        most=60_000,
        why="strict: a request that cannot be made durable within this gets 503, and was not sent.",
    )
    journal_segment_bytes: int = setting(
        32 * MIB,
        Kind.WHOLE,
        unit="bytes",
        least=1 * MIB,
        most=1 * GIB,
        why="Larger means fewer files; smaller gives disk space back sooner.",
    )
    journal_soft_bytes: int = setting(
        2 * GIB,
        Kind.WHOLE,
        unit="bytes",
        least=0,
        most=1 << 50,
        why="Free space of the disk below which the proxy warns.",
    )
    journal_hard_bytes: int = setting(
        256 * MIB,
        Kind.WHOLE,
        unit="bytes",
        least=0,
        most=1 << 50,
        why="Free space below which no exchange begins: strict answers 503, available counts a gap.",
    )
    journal_budget_bytes: int = setting(
        8 * GIB,
        Kind.WHOLE,
        unit="bytes",
        least=64 * MIB,
        most=1 << 50,
        why="What a worker's journal may take while the recorder is away: so long it records on.",
    )
    keys_master_file: Path = setting(  # noqa: RUF009  # a field, as dataclasses.field
        Path("keys/master.key"),
        Kind.FILE,
        why="The key above all data keys. Put it off the data disk and it protects the disk, too.",
    )
    ops_address: str = setting(
        "127.0.0.1",
        Kind.TEXT,
        why="Where /metrics, /livez and /readyz answer, without TLS and for anybody. off: nowhere.",
    )
    ops_port: int = setting(
        9464, Kind.WHOLE, least=0, most=65535, why="Another program has 9464. 0 takes a free port."
    )
    log_format: str = setting(
        "text",
        Kind.CHOICE,
        choices=("text", "json"),
        why="json: a line is an object with a fixed event name, for what collects logs.",
    )
    metrics_genai_names: str = setting(
        "classic",
        Kind.CHOICE,
        choices=("classic", "off"),
        why="classic: also gen_ai_* metrics, for dashboards made for other gateways.",
    )
    recorder_batch_rows: int = setting(
        1000,
        Kind.WHOLE,
        unit="exchanges",
        least=1,
        most=100_000,
        why="Exchanges per transaction in DuckDB. Larger is cheaper, smaller is in SQL sooner.",
    )
    recorder_batch_ms: int = setting(
        250,
        Kind.WHOLE,
        unit="ms",
        least=1,
        most=60_000,
        why="DuckDB takes what the vault holds after this at the latest, however little it is.",
    )
    traces_client_tools: str = setting(
        "off",
        Kind.CHOICE,
        choices=("off", "on"),
        why="on: callers' functions get spans, inferred from the end of one turn and the start of the next.",
    )
    traces_unchanged_polls: int = setting(
        10,
        Kind.WHOLE,
        unit="polls",
        least=1,
        most=1_000_000,
        why="Of polls that brought no news, one in so many gets spans; 1: all.",
    )
    recorder_interpret_bytes_max: int = setting(
        16 * MIB,
        Kind.WHOLE,
        unit="bytes",
        least=64 * KIB,
        most=1 * GIB,
        why="Bodies are read for meaning up to here; they are recorded whole in any case.",
    )
    costs_book_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="A price book of your own (contract prices, new models) instead of this release's newest.",
    )

    steward_credential_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="An API key: with it the steward gets the ends of what clients leave unfinished.",
    )
    steward_scope: str = setting(
        "",
        Kind.TEXT,
        why="Fingerprints of further keys of its project, with commas: cared for with the same key.",
    )
    steward_requests_per_s: float = setting(
        5.0,
        Kind.NUMBER,
        unit="per second",
        least=0.01,
        most=1000,
        why="The steward asks upstream no more often: lower it where the project's quota is small.",
    )
    retention_tier: str = setting(
        "unknown",
        Kind.CHOICE,
        choices=("unknown", "free", "paid"),
        why="Of the project at Google: how long it keeps interactions. unknown spans a day to 55.",
    )
    retention_paid_days: str = setting(
        "any",
        Kind.CHOICE,
        choices=("any", "7", "14", "28", "55"),
        why="What a paid project chose at Google; any spans all of them.",
    )
    retention_policies_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Policies (TOML): what is deleted at Google and erased here, when, and what is never stored.",
    )
    retention_notice_hours: int = setting(
        24,
        Kind.WHOLE,
        unit="h",
        least=0,
        most=24 * 365,
        why="A policy that became stricter does not reach what was there already before this has gone by.",
    )
    retention_probes_per_hour: int = setting(
        12,
        Kind.WHOLE,
        unit="/h",
        least=0,
        most=3600,
        why="Looks of the steward at copies whose create did not say that they are stored; 0: none.",
    )
    door_policy_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Rules (TOML) for what clients ask: no storing, holds, binding. Read again on SIGHUP.",
    )
    door_deadline_ms: int = setting(
        50,
        Kind.WHOLE,
        unit="ms",
        least=10,
        most=5000,
        why="What the door does not decide within this is refused, or passes where its rules say so.",
    )
    trail_witness_url: str = setting(
        "off",
        Kind.TEXT,
        why="A C2SP witness that is given every checkpoint, up to its /add-checkpoint: proof against us.",
    )
    trail_stdout: str = setting(
        "off",
        Kind.CHOICE,
        choices=("off", "on"),
        why="on: each checkpoint is a line of JSON on standard output; who gathers lines then holds it.",
    )
    webhook_listen: str = setting(
        "off",
        Kind.CHOICE,
        choices=("off", "on"),
        why="on: upstream's webhooks may be sent here; what they announce is fetched at once.",
    )
    webhook_address: str = setting(
        "127.0.0.1", Kind.TEXT, why="Where webhooks arrive: behind what ends TLS for you."
    )
    webhook_port: int = setting(
        8082, Kind.WHOLE, least=0, most=65535, why="Another program has 8082. 0 takes a free port."
    )
    webhook_secret_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Signing secrets (whsec_...) of registered webhooks, one a line; without it, per-request ones alone.",
    )
    webhook_audience: str = setting(
        "",
        Kind.TEXT,
        why="The URL that per-request webhooks name; tokens for any other are refused. Empty: any.",
    )
    admin_address: str = setting(
        "127.0.0.1",
        Kind.TEXT,
        why="Where auditors, dashboards and the console ask. Other than loopback needs tokens first.",
    )
    admin_port: int = setting(
        8081, Kind.WHOLE, least=0, most=65535, why="Another program has 8081. 0 takes a free port."
    )
    admin_hosts: str = setting(
        "",
        Kind.TEXT,
        why="Names, with commas, by which others reach the admin listener: a Host it does not know is refused.",
    )
    admin_tokens_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Who may ask, say from a mounted secret; else admin/tokens.json among the data.",
    )

    @property
    def has_steward(self) -> bool:
        """Whether settings alone call for a steward; a key in the environment does, too."""
        return self.steward_credential_file is not None or self.webhook_listen == "on"

    @property
    def door_socket(self) -> Path | None:
        """Where the door is asked; None: there is none."""
        return None if self.door_policy_file is None else self.run_folder / "door.sock"

    @property
    def master_key_file(self) -> Path:
        """`keys.master_file`, seen from the data folder when it is relative."""
        return self.data_folder / self.keys_master_file

    @property
    def run_folder(self) -> Path:
        """Locks, worker pages, sockets, the resolved settings: what lives as long as a process."""
        return self.data_folder / "run"


def _read_catalogue() -> Mapping[str, Setting]:
    """Each setting by name, in the order of declaration; inherited ones at the end of their section."""
    inherited = {each.name for each in fields(Reaching)}
    declared = sorted(fields(Settings), key=lambda each: each.name in inherited)
    sections = [each.name.partition("_")[0] for each in declared]
    settings = (
        Setting(name=each.name.replace("_", ".", 1), default=each.default, **each.metadata)
        for each in sorted(declared, key=lambda each: sections.index(each.name.partition("_")[0]))
    )
    return MappingProxyType({setting.name: setting for setting in settings})


CATALOGUE: Final = _read_catalogue()
