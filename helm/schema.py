"""values.schema.json: what the chart takes. The section `settings` is the catalogue of settings.

A setting that is renamed, added or dropped changes the schema, so `make docs-check` fails until the chart
is looked at; one that the chart itself sets must exist, or nothing is written at all.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from proxy.config.catalogue import CATALOGUE
from proxy.config.declare import Kind, Setting
from proxy.errors import ConfigError
from proxy.supervise.server import STOP_WITHIN_S

CHART: Final = Path(__file__).parent / "interactions-proxy"
STOP_S: Final = int(STOP_WITHIN_S)
"""What an orderly stop may take beside gateway.drain_s, one child after the other."""
DRAIN_S: Final = CATALOGUE["gateway.drain_s"].default
REPLICAS_MAX: Final = 64
"""Each is a store to be asked by itself; who needs more wants one engine for all."""
GRACE_S_MAX: Final = 3600
"""An hour: longer than the service lets a stream live."""

Schema = dict[str, Any]

_OWNED: Final = re.compile(r'set \$own "([a-z_]+\.[a-z_]+)"')
_DRAIN: Final = re.compile(
    r'add \(int \$v\.preStopSleepSeconds\) (\d+) \(int \(ceil \(dig "gateway" "drain_s" ([\d.]+) \$v\.settings\)\)\)'
)
_NAME: Final[Schema] = {"type": "string", "pattern": r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$"}
"""Of an object of Kubernetes; empty: none."""
_ENTRY: Final[Schema] = {"type": "string", "pattern": r"^[-._a-zA-Z0-9]{1,253}$"}
_PORT: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 65535}
_FLAG: Final[Schema] = {"type": "boolean"}
_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
"""Labels, annotations."""
_OBJECTS: Final[Schema] = {"type": "array", "items": {"type": "object"}}
_OBJECT: Final[Schema] = {"type": "object"}
_DURATION: Final[Schema] = {"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m)$"}
_SIZE: Final[Schema] = {"type": "string", "pattern": "^[1-9][0-9]*(Mi|Gi|Ti|M|G|T)$"}
_ID: Final[Schema] = {"type": "integer", "minimum": 10_001, "maximum": 2**31 - 1}
"""Above 10,000, so that it is nobody on the node."""


def owned() -> frozenset[str]:
    """The settings that the chart sets by itself.

    Raises:
        ConfigError: the chart sets one that does not exist.
    """
    text = (CHART / "templates" / "_settings.tpl").read_text("utf-8")
    found = frozenset(_OWNED.findall(text))
    if unknown := sorted(found - CATALOGUE.keys()):
        raise ConfigError(
            f"helm/interactions-proxy/templates/_settings.tpl sets {', '.join(unknown)}, "
            "which proxy/config/catalogue.py does not have: rename it there, too"
        )
    if found and _DRAIN.findall(text) != [(str(STOP_S), str(DRAIN_S))]:
        raise ConfigError(
            f"an orderly stop may take {STOP_S} s (proxy/supervise/server.py) and gateway.drain_s, {DRAIN_S}: "
            "say so beside preStopSleepSeconds in templates/_settings.tpl"
        )
    return found


def values_schema() -> str:
    """The file, as JSON.

    Raises:
        ConfigError: see `owned`.
    """
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Written by `make docs`; change helm/schema.py or proxy/config/catalogue.py instead.",
        "title": "Values of the chart interactions-proxy",
        **_section(_workload() | _ways() | _surroundings() | {"settings": _settings()}),
        "if": {"not": {"properties": {"sharding": {"properties": {"enabled": {"const": True}}}}}},
        "then": {"properties": {"replicaCount": {"maximum": 1}}},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _section(properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _settings() -> Schema:
    """Sections of the settings file, without what the chart decides."""
    sections: dict[str, Schema] = {}
    for name, setting in CATALOGUE.items():
        if name not in owned():
            section, _, rest = name.partition(".")
            sections.setdefault(section, {})[rest] = _setting(setting)
    return _section({section: _section(names) for section, names in sections.items()})


def _setting(setting: Setting) -> Schema:
    about: Schema = {"description": setting.why}
    if setting.default is not None:
        is_path = setting.kind in {Kind.FOLDER, Kind.FILE}
        about["default"] = str(setting.default) if is_path else setting.default
    match setting.kind:
        case Kind.WHOLE | Kind.NUMBER:
            kind = "integer" if setting.kind is Kind.WHOLE else "number"
            return {"type": kind, "minimum": setting.least, "maximum": setting.most, **about}
        case Kind.CHOICE:
            return {"enum": list(setting.choices), **about}
        case Kind.TEXT | Kind.FOLDER | Kind.FILE:
            return {"type": "string", "minLength": 1 if setting.default else 0, **about}


def _kept(kind: str) -> Schema:
    return _section({f"existing{kind}": _NAME, "key": _ENTRY})


def _tls() -> Schema:
    return _section({"existingSecret": _NAME, "certificate": _ENTRY, "privateKey": _ENTRY})


def _ways() -> Schema:
    """Certificates, the way out, and the engine of a fleet."""
    return {
        "tls": _tls(),
        "adminTls": _tls(),
        "adminClientCa": _kept("ConfigMap"),
        "upstreamCa": _kept("ConfigMap"),
        "outboundProxy": _section(
            {
                "url": {"type": "string", "pattern": r"^(http://[^/@\s?#]+:[1-9][0-9]{0,4})?$"},
                "peers": _OBJECTS,
            }
        ),
        "fleet": _section(
            {
                "existingSecret": _NAME,
                "key": _ENTRY,
                "fingerprintKey": _ENTRY,
                "egress": _OBJECTS,
            }
        ),
    }


def _workload() -> Schema:
    """The pod, its image, its volume, its secrets."""
    digest = {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}
    return {
        "global": _OBJECT,
        "fullnameOverride": {"type": "string", "pattern": "^([a-z]([-a-z0-9]{0,50}[a-z0-9])?)?$"},
        "replicaCount": {"type": "integer", "minimum": 1, "maximum": REPLICAS_MAX},
        "sharding": _section({"enabled": _FLAG}),
        "image": _section(
            {
                "repository": {"type": "string", "minLength": 1},
                "tag": {"type": "string", "pattern": "^([A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?$"},
                "digest": digest,
                "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
                "pullSecrets": _OBJECTS,
            }
        ),
        "listenAddress": {"enum": ["0.0.0.0", "::"]},  # noqa: S104 - of the pod, behind the policy
        "masterKey": _kept("Secret"),
        "admin": _section(
            {
                "existingSecret": _NAME,
                "key": _ENTRY,
                "hosts": {"type": "array", "items": {"type": "string", "pattern": "^[^,\\s]+$"}},
            }
        ),
        "steward": _kept("Secret"),
        "webhook": _section({"enabled": _FLAG, "existingSecret": _NAME, "key": _ENTRY}),
        "retentionPolicies": _kept("ConfigMap"),
        "priceBook": _kept("ConfigMap"),
        "persistence": _section(
            {
                "enabled": _FLAG,
                "confirmLoss": _FLAG,
                "size": _SIZE,
                "storageClass": _TEXT,
                "accessMode": {"enum": ["ReadWriteOncePod", "ReadWriteOnce"]},
                "existingClaim": _NAME,
                "annotations": _TEXTS,
            }
        ),
        "resources": _OBJECT,
        "terminationGracePeriodSeconds": {
            "type": "integer",
            "minimum": STOP_S,
            "maximum": GRACE_S_MAX,
        },
        "preStopSleepSeconds": {"type": "integer", "minimum": 0, "maximum": 300},
        "startupProbe": _section({"failureThreshold": {"type": "integer", "minimum": 1}}),
        "security": _section({"runAsUser": _ID, "fsGroup": _ID}),
        **dict.fromkeys(("extraEnv", "extraVolumes", "extraVolumeMounts"), _OBJECTS),
        "podAnnotations": _TEXTS,
        "podLabels": _TEXTS,
        "nodeSelector": _TEXTS,
        "tolerations": _OBJECTS,
        "affinity": _OBJECT,
        "topologySpreadConstraints": _OBJECTS,
        "priorityClassName": _NAME,
    }


def _surroundings() -> Schema:
    """What reaches the pod and looks at it."""
    ranges = {"type": "array", "items": {"type": "string", "pattern": "^[0-9a-fA-F.:]+/[0-9]+$"}}
    return {
        "service": _section(
            {
                "type": {"enum": ["ClusterIP", "LoadBalancer"]},
                "port": _PORT,
                "adminPort": _PORT,
                "webhookPort": _PORT,
                "annotations": _TEXTS,
            }
        ),
        "networkPolicy": _section(
            {
                "enabled": _FLAG,
                **dict.fromkeys(("clients", "monitoring", "auditors", "webhooks"), _OBJECTS),
                "blockedRanges": ranges,
                "blockedRangesIPv6": ranges,
                "extraEgress": _OBJECTS,
            }
        ),
        "podDisruptionBudget": _section({"enabled": _FLAG}),
        "serviceAccount": _section({"create": _FLAG, "name": _NAME, "annotations": _TEXTS}),
        "serviceMonitor": _section({"enabled": _FLAG, "labels": _TEXTS, "interval": _DURATION}),
        "prometheusRule": _section(
            {
                "enabled": _FLAG,
                "labels": _TEXTS,
                "runbooksUrl": {"type": "string", "pattern": "^(https?://.*/)?$"},
            }
        ),
        "dashboards": _section({"enabled": _FLAG, "labels": _TEXTS, "annotations": _TEXTS}),
        "tests": _section({"enabled": _FLAG}),
    }
