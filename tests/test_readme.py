"""Commands, links, verbs and settings of the documents exist.

tests/end_to_end/test_readme.py runs the commands.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from proxy.cli.app import VERBS, parser
from proxy.config.explain import with_table

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def commands(document: str) -> list[str]:
    """The lines of all `sh` blocks, split at &&."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [part.strip() for line in lines for part in line.split("&&")]


ALL = [command for document in DOCUMENTS for command in commands(document)]


@pytest.mark.parametrize("command", [each for each in ALL if each.startswith("interactions-proxy")])
def test_a_command_of_ours_is_spelled_as_it_is_understood(command: str) -> None:
    _, *arguments = shlex.split(command)

    assert parser().parse_args(arguments).verb.name == arguments[0]


@pytest.mark.parametrize("command", sorted({each for each in ALL if each.startswith("make")}))
def test_a_make_verb_exists(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    _, target = command.split()

    assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


def test_no_other_command_slips_in_unchecked() -> None:
    others = [each for each in ALL if not each.startswith(("interactions-proxy ", "make "))]

    assert others == [". .venv/bin/activate"]


@pytest.mark.parametrize("document", [*DOCUMENTS, "SECURITY.md", "CHANGELOG.md"])
def test_links_between_documents_lead_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text("utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_lists_every_setting() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert with_table(readme) == readme, "the settings table is stale: run `make docs`"


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_stands_in_the_readme(verb: str) -> None:
    assert f"interactions-proxy {verb}" in (ROOT / "README.md").read_text("utf-8")
