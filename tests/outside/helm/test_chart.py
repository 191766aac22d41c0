"""The chart, by Helm itself: what it makes, what it refuses, what Kubernetes and checkov say of that."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from dashboards.__main__ import HERE as DASHBOARDS
from proxy.config.catalogue import CATALOGUE
from proxy.config.load import resolve
from proxy.journal.keys import FingerprintKey
from tests.outside.helm.cases import CASES, REFUSED
from tests.outside.telemetry.programs import program

HERE: Final = Path(__file__).parent
ENVIRONMENTS: Final = HERE.parents[2] / ".venvs"
MOUNTED: Final = "/etc/interactions-proxy/"

Judged = dict[str, dict[str, Any]]
Document = dict[str, Any]


@pytest.fixture(scope="module")
def judged() -> Judged:
    """What the engine says of every case, those to be refused among them."""
    python = ENVIRONMENTS / "helm" / "bin" / "python"
    assert python.exists(), "Helm is not there: run `make .venvs/helm/.installed`"
    wanted = {**CASES, **{name: values for name, (values, _) in REFUSED.items()}}
    told = subprocess.run(
        [str(python), str(HERE / "engine.py")],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    found: Judged = json.loads(told.stdout)
    return found


def documents(judged: Judged, case: str, kind: str = "") -> list[Document]:
    return [
        document
        for name, text in judged[case]["files"].items()
        if name.endswith(".yaml") and f"kind: {kind}" in text
        for document in yaml.load_all(text, yaml.CSafeLoader)
        if document and document["kind"].startswith(kind)
    ]


def one(judged: Judged, case: str, kind: str) -> Document:
    return documents(judged, case, kind)[0]


def pod_of(judged: Judged, case: str) -> Document:
    found: Document = one(judged, case, "StatefulSet")["spec"]["template"]
    return found


def settings_of(judged: Judged, case: str) -> str:
    text: str = one(judged, case, "ConfigMap")["data"]["interactions-proxy.toml"]
    return text


@pytest.mark.parametrize("case", CASES)
def test_helm_and_kubernetes_take_it(judged: Judged, case: str) -> None:
    found = judged[case]

    assert (found["refused"], found["lint"], found["problems"]) == ("", [], [])
    assert documents(judged, case, "StatefulSet")


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_by_name(judged: Judged, case: str) -> None:
    assert REFUSED[case][1] in judged[case]["refused"]


@pytest.mark.parametrize("case", CASES)
def test_the_proxy_takes_the_settings(judged: Judged, case: str, tmp_path: Path) -> None:
    file = tmp_path / "interactions-proxy.toml"
    file.write_text(settings_of(judged, case).replace(MOUNTED, f"{tmp_path}/"), "utf-8")
    for volume in pod_of(judged, case)["spec"]["volumes"]:
        source = volume.get("secret") or volume.get("configMap") or {}
        for item in source.get("items", ()):
            (tmp_path / volume["name"]).mkdir(exist_ok=True)
            (tmp_path / volume["name"] / item["path"]).touch()

    settings = resolve(file=file, environment={}, command_line=()).settings

    assert settings.log_format == "json"
    assert (settings.listen_port, settings.ops_port, settings.admin_port) == (8080, 9464, 8081)
    assert settings.data_folder == Path("/var/lib/interactions-proxy/records")


def test_settings_arrive_as_they_were_given(judged: Judged) -> None:
    found = tomllib.loads(settings_of(judged, "settings"))

    for section, names in CASES["settings"]["settings"].items():
        for name, value in names.items():
            assert (found[section][name], type(found[section][name])) == (value, type(value))


@pytest.mark.parametrize("case", CASES)
def test_files_that_settings_name_are_mounted(judged: Judged, case: str) -> None:
    (container,) = pod_of(judged, case)["spec"]["containers"]
    folders = {each["mountPath"] for each in container["volumeMounts"]}
    volumes = {each["name"] for each in pod_of(judged, case)["spec"]["volumes"]}
    claimed = one(judged, case, "StatefulSet")["spec"].get("volumeClaimTemplates", [])
    volumes |= {each["metadata"]["name"] for each in claimed}

    named = [
        value
        for names in tomllib.loads(settings_of(judged, case)).values()
        for value in names.values()
        if str(value).startswith(MOUNTED)
    ]
    assert {str(Path(path).parent) for path in named} <= folders
    assert {each["name"] for each in container["volumeMounts"]} == volumes


@pytest.mark.parametrize("case", CASES)
def test_no_variable_of_kubernetes_reads_as_a_setting(judged: Judged, case: str) -> None:
    # A Service interactions-proxy would give INTERACTIONS_PROXY_PORT, and the proxy would refuse to start.
    for pod in (pod_of(judged, case), *documents(judged, case, "Pod")):
        if "containers" in pod["spec"]:
            assert pod["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("case", CASES)
def test_no_policy_lets_everybody_in(judged: Judged, case: str) -> None:
    for policy in documents(judged, case, "NetworkPolicy"):
        rules = policy["spec"]["ingress"] or []
        assert all(rule.get("from") and rule["ports"] for rule in rules)
    is_asked_for = CASES[case].get("networkPolicy", {}).get("enabled", True)
    assert bool(documents(judged, case, "NetworkPolicy")) == is_asked_for


def test_others_reach_the_admin_listener_only_with_tokens(judged: Judged) -> None:
    def admin(case: str) -> str:
        address: str = tomllib.loads(settings_of(judged, case))["admin"]["address"]
        return address

    def ports(case: str) -> set[str]:
        return {
            port["name"]
            for service in documents(judged, case, "Service")
            if "ports" in service.get("spec", {})
            for port in service["spec"]["ports"]
        }

    assert admin("default") == "127.0.0.1"
    assert "admin" not in ports("default")
    assert admin("secrets") == "0.0.0.0"
    assert "admin" in ports("secrets")


def test_each_shard_has_a_name_at_its_admin_listener(judged: Judged) -> None:
    hosts = tomllib.loads(settings_of(judged, "sharded"))["admin"]["hosts"].split(",")

    assert "recorder-interactions-proxy-2.recorder-interactions-proxy-pods.audit.svc" in hosts
    assert "audit.example" in hosts


def test_the_volume_outlives_release_and_pod(judged: Judged) -> None:
    spec = one(judged, "default", "StatefulSet")["spec"]

    assert set(spec["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    assert not one(judged, "a claim that exists", "StatefulSet")["spec"].get("volumeClaimTemplates")


def test_other_settings_make_another_pod_and_nothing_else_does(judged: Judged) -> None:
    def mark(case: str) -> str:
        text: str = pod_of(judged, case)["metadata"]["annotations"]["checksum/settings"]
        return text

    assert mark("default") != mark("settings")
    assert mark("default") == mark("the bare pod")


def test_a_service_finds_the_proxy_and_not_the_test(judged: Judged) -> None:
    pod = pod_of(judged, "default")["metadata"]["labels"].items()
    (test,) = [each for each in documents(judged, "default", "Pod") if each["kind"] == "Pod"]

    for service in documents(judged, "default", "Service"):
        if "selector" in service.get("spec", {}):
            assert service["spec"]["selector"].items() <= pod
            assert not service["spec"]["selector"].items() <= test["metadata"]["labels"].items()


def test_prometheus_finds_each_pod_once(judged: Judged) -> None:
    monitor = one(judged, "everything", "ServiceMonitor")["spec"]
    wanted = monitor["selector"]["matchLabels"].items()
    services = documents(judged, "everything", "Service")
    found = [each for each in services if wanted <= each["metadata"]["labels"].items()]

    (service,) = [each for each in found if each["kind"] == "Service"]
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert "interactions-proxy" in service["metadata"]["labels"][monitor["jobLabel"]]
    assert {each["port"] for each in monitor["endpoints"]} == {"metrics"}


def test_the_alert_rules_are_the_projects_and_promtool_takes_them(
    judged: Judged, tmp_path: Path
) -> None:
    spec = one(judged, "monitored", "PrometheusRule")["spec"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    told = subprocess.run(
        [program("promtool"), "check", "rules", str(tmp_path / "rules.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    ours = (DASHBOARDS / "prometheus" / "rules.yaml").read_text("utf-8")
    linked = ours.replace("runbook_url: runbooks/", "runbook_url: https://runbooks.example/proxy/")
    assert spec == yaml.safe_load(linked) != yaml.safe_load(ours)


def test_every_dashboard_is_there_as_it_is(judged: Judged) -> None:
    found = {
        name: json.loads(text)
        for document in documents(judged, "monitored", "ConfigMap")
        for name, text in document["data"].items()
        if name.endswith(".json")
    }

    ours = {path.name: json.loads(path.read_text()) for path in (DASHBOARDS / "grafana").iterdir()}
    assert found == ours


def test_a_packaged_chart_has_rules_and_dashboards_not_links(tmp_path: Path) -> None:
    python = ENVIRONMENTS / "helm" / "bin" / "python"
    told = subprocess.run(
        [str(python), str(HERE / "engine.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    with tarfile.open(told.stdout.strip()) as package:
        files = {each.name: each.size for each in package if each.isfile()}
    for path in (DASHBOARDS / "grafana").iterdir():
        assert files[f"interactions-proxy/files/grafana/{path.name}"] == path.stat().st_size
    rules = (DASHBOARDS / "prometheus" / "rules.yaml").stat().st_size
    assert files["interactions-proxy/files/rules.yaml"] == rules


def test_with_a_certificate_clients_and_auditors_come_by_https(judged: Judged) -> None:
    settings = tomllib.loads(settings_of(judged, "TLS"))
    notes = judged["TLS"]["files"]["interactions-proxy/templates/NOTES.txt"]
    (mounted,) = [v for v in pod_of(judged, "TLS")["spec"]["volumes"] if v["name"] == "admin-tls"]

    assert settings["listen"]["tls_certificate_file"] == f"{MOUNTED}tls/tls.crt"
    assert settings["admin"]["tls_client_ca_file"] == f"{MOUNTED}admin-client-ca/ca.crt"
    assert {item["key"]: item["path"] for item in mounted["secret"]["items"]} == {
        "chain.pem": "tls.crt",
        "tls.key": "tls.key",
    }
    assert "https://recorder-interactions-proxy.audit.svc:8080" in notes
    assert "neither TLS" not in notes


def test_an_outbound_proxy_may_be_reached_at_its_port(judged: Judged) -> None:
    egress = one(judged, "an outbound proxy", "NetworkPolicy")["spec"]["egress"]
    settings = tomllib.loads(settings_of(judged, "an outbound proxy"))

    assert settings["upstream"]["proxy_url"] == "http://proxy.example:3128"
    assert {"port": 3128, "protocol": "TCP"} in [port for rule in egress for port in rule["ports"]]


def test_each_pod_of_a_fleet_has_its_own_name_and_the_fleets_key(
    judged: Judged, tmp_path: Path
) -> None:
    spec = pod_of(judged, "a fleet")["spec"]
    (container,), (first,) = spec["containers"], spec["initContainers"]
    (name,) = container["env"]
    assert name["name"] in environment_names()
    assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    given, place = tmp_path / "given", tmp_path / "records" / "keys" / "fingerprint.key"

    def begin() -> subprocess.CompletedProcess[str]:
        *command, _, _ = first["command"]
        return subprocess.run(
            [sys.executable, *command[1:], str(given), str(place)],
            capture_output=True,
            text=True,
            check=False,
        )

    given.write_bytes(bytes(range(32)) + b"\n")
    assert "33 bytes instead of 32" in begin().stderr
    assert not place.exists()
    given.write_bytes(bytes(range(32)))
    assert [begin().returncode, begin().returncode] == [0, 0]
    assert place.read_bytes() == given.read_bytes()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert FingerprintKey.load_or_create(place).fingerprint(b"a")
    place.write_bytes(bytes(32))
    assert "another fingerprint key" in begin().stderr


def environment_names() -> set[str]:
    return {f"INTERACTIONS_PROXY_{name.replace('.', '_').upper()}" for name in CATALOGUE}


def test_the_notes_say_what_is_not_protected(judged: Judged) -> None:
    def notes(case: str) -> str:
        text: str = judged[case]["files"]["interactions-proxy/templates/NOTES.txt"]
        return text

    assert "neither TLS nor authentication" in notes("default")
    assert "master key lies on the volume" in notes("default")
    assert "master key lies on the volume" not in notes("secrets")
    assert "ALL RECORDS END WITH THE POD" in notes("a trial without a volume")
    assert "every pod of the cluster" in notes("the bare pod")


def test_checkov_finds_nothing_that_has_no_reason(judged: Judged, tmp_path: Path) -> None:
    checkov = ENVIRONMENTS / "checkov" / "bin" / "checkov"
    assert checkov.exists(), "checkov is not there: run `make .venvs/checkov/.installed`"
    cases = ("default", "everything", "a trial without a volume", "sharded", "TLS", "a fleet")
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "all.yaml").write_text(yaml.safe_dump_all(documents(judged, case)), "utf-8")
    told = subprocess.run(
        [
            str(checkov.parent / "python"),
            str(checkov),
            *("--config-file", str(HERE / "checkov.yaml"), "--skip-download", "--output", "json"),
            *("--directory", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    found = json.loads(told.stdout)
    assert found["summary"]["passed"] > 0, told.stderr
    assert list(_failures(found)) == []


def _failures(found: Document) -> Iterator[str]:
    for each in found["results"]["failed_checks"]:
        yield f"{each['check_id']} {each['check_name']}: {each['file_path']} {each['resource']}"
