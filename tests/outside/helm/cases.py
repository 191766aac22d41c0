"""Values that people would give the chart, and what it must refuse."""

from __future__ import annotations

from typing import Any, Final

Values = dict[str, Any]

NAMESPACE: Final = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "auditors"}}
}
SECRETS: Final[Values] = {
    "masterKey": {"existingSecret": "master"},
    "admin": {"existingSecret": "tokens", "hosts": ["audit.example"]},
    "steward": {"existingSecret": "janitor"},
    "webhook": {"enabled": True, "existingSecret": "webhook"},
    "upstreamCa": {"existingConfigMap": "company-ca"},
    "retentionPolicies": {"existingConfigMap": "policies"},
    "priceBook": {"existingConfigMap": "prices"},
}
MONITORED: Final[Values] = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "runbooksUrl": "https://runbooks.example/proxy/"},
    "dashboards": {"enabled": True, "annotations": {"grafana_folder": "Proxy"}},
}
CASES: Final[dict[str, Values]] = {
    "default": {},
    "secrets": SECRETS,
    "monitored": MONITORED,
    "everything": {
        **SECRETS,
        **MONITORED,
        "fullnameOverride": "flight-recorder",
        "image": {
            "repository": "registry.example/proxy",
            "digest": "sha256:" + "0" * 64,
            "pullPolicy": "Always",
            "pullSecrets": [{"name": "registry"}],
        },
        "settings": {"journal": {"mode": "available"}, "gateway": {"workers": 4}},
        "networkPolicy": {
            "auditors": [NAMESPACE],
            "webhooks": [NAMESPACE],
            "extraEgress": [{"to": [NAMESPACE], "ports": [{"port": 4318, "protocol": "TCP"}]}],
        },
        "service": {"adminPort": 443, "annotations": {"a": "b"}},
        "persistence": {"storageClass": "fast", "annotations": {"backup": "daily"}},
        "extraEnv": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector:4318"}],
        "extraVolumes": [{"name": "more", "configMap": {"name": "more"}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/etc/more", "readOnly": True}],
        "podLabels": {"team": "audit"},
        "podAnnotations": {"note": "yes"},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "audit", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "priorityClassName": "important",
    },
    "a trial without a volume": {"persistence": {"enabled": False, "confirmLoss": True}},
    "a claim that exists": {"persistence": {"existingClaim": "records"}},
    "no class of storage": {"persistence": {"storageClass": "-", "accessMode": "ReadWriteOnce"}},
    "sharded": {"sharding": {"enabled": True}, "replicaCount": 3, "admin": SECRETS["admin"]},
    "IPv6": {"listenAddress": "::"},
    "TLS": {
        "tls": {"existingSecret": "certificate"},
        "admin": SECRETS["admin"],
        "adminTls": {"existingSecret": "audit-certificate", "certificate": "chain.pem"},
        "adminClientCa": {"existingConfigMap": "auditors-ca"},
        "upstreamCa": SECRETS["upstreamCa"],
    },
    "an outbound proxy": {
        "outboundProxy": {"url": "http://proxy.example:3128", "peers": [NAMESPACE]},
    },
    "a fleet": {
        "fleet": {
            "existingSecret": "engine",
            "egress": [{"to": [NAMESPACE], "ports": [{"port": 5432, "protocol": "TCP"}]}],
        },
        "sharding": {"enabled": True},
        "replicaCount": 3,
    },
    "nobody may come": {
        **SECRETS,
        "networkPolicy": {"clients": [], "monitoring": []},
        "tests": {"enabled": False},
    },
    "the bare pod": {
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "tests": {"enabled": False},
        "serviceAccount": {"create": False},
        "service": {"type": "LoadBalancer", "port": 80},
    },
    "settings": {
        "settings": {
            "journal": {"segment_bytes": 33554432, "soft_bytes": 1 << 50, "reads": "available"},
            "upstream": {"url": "https://gemini.example", "idle_timeout_s": 0.5},
            "gateway": {"via": "", "connections_max": 1000000},
            "recorder": {"batch_ms": 1},
        }
    },
}
REFUSED: Final[dict[str, tuple[Values, str]]] = {
    "an unknown value": ({"replicas": 2}, "replicas"),
    "an unknown key of a section": ({"image": {"tags": "1"}}, "tags"),
    "two pods on one store": ({"replicaCount": 2}, "replicaCount"),
    "no pod": ({"replicaCount": 0}, "replicaCount"),
    "an unknown setting": ({"settings": {"journal": {"mod": "strict"}}}, "mod"),
    "an unknown section": ({"settings": {"jurnal": {"mode": "strict"}}}, "jurnal"),
    "a setting out of its limits": ({"settings": {"gateway": {"workers": 65}}}, "workers"),
    "a fraction of a worker": ({"settings": {"gateway": {"workers": 1.5}}}, "workers"),
    "a setting that is no choice": ({"settings": {"journal": {"mode": "lax"}}}, "mode"),
    "the chart's own port": ({"settings": {"ops": {"port": 1}}}, "ops"),
    "the chart's own log": ({"settings": {"log": {"format": "text"}}}, "log"),
    "records that end with the pod": ({"persistence": {"enabled": False}}, "confirmLoss"),
    "shards on one claim": (
        {"sharding": {"enabled": True}, "persistence": {"existingClaim": "a"}},
        "volume for each pod",
    ),
    "shards with stewards": (
        {"sharding": {"enabled": True}, "steward": {"existingSecret": "a"}},
        "several stewards",
    ),
    "policies without a steward": (
        {"retentionPolicies": {"existingConfigMap": "a"}},
        "steward.existingSecret",
    ),
    "TLS for nobody": ({"adminTls": {"existingSecret": "a"}}, "admin.existingSecret"),
    "clients' certificates without TLS": (
        {"admin": SECRETS["admin"], "adminClientCa": {"existingConfigMap": "a"}},
        "adminTls.existingSecret",
    ),
    "an outbound proxy with a password": (
        {"outboundProxy": {"url": "http://me:secret@proxy.example:3128"}},
        "url",
    ),
    "a way to no outbound proxy": ({"outboundProxy": {"peers": [NAMESPACE]}}, "outboundProxy.url"),
    "the chart's own certificate": (
        {"settings": {"listen": {"tls_certificate_file": "/a"}}},
        "listen",
    ),
    "the chart's own engine": ({"settings": {"fleet": {"engine_file": "/a"}}}, "engine_file"),
    "a way to no engine": ({"fleet": {"egress": [{}]}}, "fleet.existingSecret"),
    "a fleet of pods that forget": (
        {
            "fleet": {"existingSecret": "a"},
            "persistence": {"enabled": False, "confirmLoss": True},
        },
        "another vault",
    ),
    "a claim without persistence": (
        {"persistence": {"enabled": False, "confirmLoss": True, "existingClaim": "a"}},
        "choose one",
    ),
    "a pod killed while it stops": ({"terminationGracePeriodSeconds": 49}, "terminationGrace"),
    "a pod killed by its own pause": (
        {"terminationGracePeriodSeconds": 60, "preStopSleepSeconds": 11},
        "at least 71",
    ),
    "a pod killed before its streams end": (
        {"settings": {"gateway": {"drain_s": 600}}},
        "at least 653",
    ),
    "a user of the node": ({"security": {"runAsUser": 0}}, "runAsUser"),
    "a digest cut short": ({"image": {"digest": "sha256:12"}}, "digest"),
    "a node's port": ({"service": {"type": "NodePort"}}, "type"),
    "a host name as a range": ({"networkPolicy": {"blockedRanges": ["evil.example"]}}, "blocked"),
    "a host with a comma": ({"admin": {"hosts": ["a,b"]}}, "hosts"),
}
