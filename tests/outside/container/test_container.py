"""The image, short of an engine: its steps done as written, the proxy confined as it will be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.outside.container.dockerfile import read_stages
from tests.outside.container.lock import BUILD_LOCK, FLEET_LOCK, LOCK, dependencies

ROOT: Final = Path(__file__).parents[3]
CHART: Final = ROOT / "helm" / "interactions-proxy"


@pytest.fixture(scope="module", params=["", "fleet"])
def extras(request: pytest.FixtureRequest) -> str:
    """The image as it is, and with what a fleet needs."""
    return str(request.param)


@pytest.fixture(scope="module")
def seen(extras: str) -> dict[str, Any]:
    """What was seen of the running container."""
    inside = [sys.executable, "-m", "tests.outside.container.inside", f"EXTRAS={extras}"]
    told = subprocess.run(
        ["unshare", "-m", *inside],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-6000:]
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s\\]+)", text, re.MULTILINE))


def test_it_answers_as_the_images_user_on_a_read_only_root(seen: dict[str, Any]) -> None:
    assert (seen["health"], seen["metrics"]) == (0, 200)
    assert seen["written outside"] != 0
    assert re.search(r"^Uid:\s+64646\s+64646\s+64646\s+64646$", seen["user"], re.MULTILINE)
    assert re.search(r"^Cap(Eff|Bnd):\s+0+$", seen["user"], re.MULTILINE)


def test_what_cannot_be_sent_is_recorded(seen: dict[str, Any]) -> None:
    assert seen["refused"] == 502
    assert json.loads(seen["sql"]) == {"n": 1}


def test_it_ends_in_order_when_asked(seen: dict[str, Any]) -> None:
    assert seen["ended"] == 0


def test_a_fleets_engine_is_reached_from_the_image_with_that_extra_and_from_no_other(
    seen: dict[str, Any], extras: str
) -> None:
    assert (seen["fleet"] == "") is bool(extras), seen["fleet"]


def test_the_bill_of_materials_names_what_is_installed(seen: dict[str, Any], extras: str) -> None:
    components = seen["sbom"]["components"]
    found = {each["name"].lower().replace("_", "-"): each["version"] for each in components}
    locked = pins((ROOT / LOCK).read_text("utf-8"))
    if extras:
        locked |= pins((ROOT / FLEET_LOCK).read_text("utf-8"))

    found.pop("interactions-proxy", None)
    assert found == locked


def test_every_pin_has_hashes_and_is_that_of_the_constraints() -> None:
    constraints = (ROOT / "constraints.txt").read_text("utf-8").lower().replace("_", "-")
    held = pins(constraints)
    for name in (LOCK, FLEET_LOCK, BUILD_LOCK):
        text = (ROOT / name).read_text("utf-8")
        for block in re.split(r"\n(?=\S)", text)[1:]:
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), (
                f"{name}: {block}: run `make lock`"
            )

    always, besides = (pins((ROOT / name).read_text("utf-8")) for name in (LOCK, FLEET_LOCK))
    assert always.keys().isdisjoint(besides)
    assert {name: held.get(name) for name in always} == always, "run `make lock`"
    for pinned, needed in ((always, dependencies()), (besides, dependencies("fleet"))):
        wanted = {re.split(r"[^\w.-]", each)[0].lower() for each in needed}
        assert wanted <= pinned.keys(), "run `make lock`"


def test_only_what_is_copied_reaches_the_builder() -> None:
    allowed = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE))
    built, _ = read_stages((ROOT / "Dockerfile").read_text("utf-8"))
    copied = {word for text in built.all("COPY") for word in text.split()[:-1]}

    assert copied == allowed


def test_image_and_chart_agree() -> None:
    _, final = read_stages((ROOT / "Dockerfile").read_text("utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    stateful = (CHART / "templates" / "statefulset.yaml").read_text("utf-8")

    user = values["security"]["runAsUser"]
    assert final.last("USER").text == f"{user}:{user}"
    assert f"mountPath: {final.last('VOLUME').text}\n" in stateful
    assert final.last("ENTRYPOINT").words == ["interactions-proxy"]
    assert final.last("CMD").words[0] == "serve"
