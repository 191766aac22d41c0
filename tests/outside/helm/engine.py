"""Helm itself, and the schemas of Kubernetes: run by the environment that has them (.venvs/helm).

Reads {case: values} from standard input; writes {case: {"refused", "files", "lint", "problems"}}.
With a folder as its argument it puts the packaged chart there, and says where.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import helm_python  # type: ignore[import-not-found]
import kubernetes_validate  # type: ignore[import-not-found]
import yaml

CHART: Final = Path(__file__).parents[3] / "helm" / "interactions-proxy"
VERSIONS: Final = ("1.29.0", "1.33.0", "1.37.0")
"""Of Kubernetes: the oldest that the chart takes, one in between, the newest that has a schema."""
WARNING: Final = 2
"""Of Helm's severities; 1 is advice, such as to have an icon."""
RELEASE: Final = ("recorder", "audit")
"""Name and namespace."""


def judged(values: dict[str, Any]) -> dict[str, Any]:
    """What Helm makes of the values, and what Kubernetes would say of that."""
    try:
        with helm_python.Chart.load(CHART) as chart:
            files = chart.render(values, name=RELEASE[0], namespace=RELEASE[1])
    except helm_python.HelmError as refusal:
        return {"refused": str(refusal), "files": {}, "lint": [], "problems": []}
    problems = [
        f"{name}, Kubernetes {version}: {problem}"
        for name, text in files.items()
        if name.endswith(".yaml")
        for document in yaml.load_all(text, yaml.CSafeLoader)
        for version in VERSIONS
        if document and (problem := problem_of(document, version))
    ]
    return {"refused": "", "files": files, "lint": lint(values), "problems": problems}


def lint(values: dict[str, Any]) -> list[str]:
    """What `helm lint --strict` finds."""
    found = []
    for version in VERSIONS:
        told = helm_python.lint(CHART, values, strict=True, kube_version=version)
        found += [f"{version}: {each}" for each in told["messages"] if each["severity"] >= WARNING]
        found += [f"{version}: {each}" for each in told["errors"]]
    return found


def problem_of(document: dict[str, Any], version: str) -> str:
    """Why this version would not take the object; empty: it would, or it is not Kubernetes' own kind."""
    if document["apiVersion"].startswith("monitoring.coreos.com/"):
        return ""
    try:
        kubernetes_validate.validate(document, version.rpartition(".")[0], strict=True)
    except kubernetes_validate.ValidationError as problem:
        return f"{problem.message} at {list(problem.path)}"
    return ""


if __name__ == "__main__":
    if sys.argv[1:]:
        print(helm_python.package(CHART, destination=sys.argv[1]))
    else:
        cases = json.load(sys.stdin)
        json.dump({name: judged(values) for name, values in cases.items()}, sys.stdout)
