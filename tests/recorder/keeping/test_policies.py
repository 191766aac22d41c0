from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.recorder.keeping.policies import LOOK_NS, Keeping, subject_of
from proxy.recording.facts import Recording
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac
from tests.store.samples import recording, step

INDEX = Equality(bytes(range(32)))


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def recorded() -> Recording:
    told = recording(1, steps=(step("google_search_call"),), model="gemini-2.5-flash")
    (row,) = told.observations
    label = label_mac(INDEX, "team=care")
    exchange = replace(told.exchange, client="c" * 16)
    return replace(told, exchange=exchange, observations=(replace(row, label_index=label),))


def keeping(folder: Path, text: str, clock: Clock | None = None) -> Keeping:
    file = folder / "policies.toml"
    file.write_text(text)
    return Keeping(file, INDEX, clock or Clock())


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ("", True),
        (f'clients = ["{"c" * 16}"]', True),
        (f'clients = ["{"d" * 16}"]', False),
        ('labels = ["team=care"]', True),
        ('labels = ["team=sales"]', False),
        ('models = ["gemini-2.5-flash"]', True),
        ('models = ["gemini-2.5-pro"]', False),
        ('tools = ["google_search"]', True),
        ('tools = ["url_context"]', False),
    ],
)
def test_a_policy_meets_by_client_label_model_and_tool(
    tmp_path: Path,
    condition: str,
    is_met: bool,  # noqa: FBT001
) -> None:
    found = keeping(tmp_path, f'[[policy]]\nname = "p"\n{condition}\nnever_store = true\n')

    assert found.never_stored(recorded()) == ("p" if is_met else None)


def test_keeping_beats_never_storing(tmp_path: Path) -> None:
    never = '[[policy]]\nname = "n"\nnever_store = true\n'
    keep = '[[policy]]\nname = "k"\nmodels = ["gemini-2.5-flash"]\nkeep_local = "1d"\n'

    assert keeping(tmp_path, never + keep).never_stored(recorded()) is None


def test_a_change_counts_a_second_later_and_a_broken_file_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    found = keeping(tmp_path, "", clock)
    file = tmp_path / "policies.toml"
    assert found.never_stored(recorded()) is None

    file.write_text('[[policy]]\nname = "p"\nnever_store = true\n')
    assert found.never_stored(recorded()) is None
    clock.now_ns += LOOK_NS
    assert found.never_stored(recorded()) == "p"
    file.write_text("[[policy")
    clock.now_ns += LOOK_NS
    assert found.never_stored(recorded()) == "p"
    assert "stays as it was" in caplog.text
    file.unlink()
    clock.now_ns += LOOK_NS
    assert found.never_stored(recorded()) == "p"


def test_without_a_usable_file_the_recorder_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="asks for nothing"):
        keeping(tmp_path, '[[policy]]\nname = "p"\n')
    with pytest.raises(StartRefused, match="No such file"):
        Keeping(tmp_path / "none.toml", INDEX, Clock())
    assert Keeping(None, INDEX, Clock()).never_stored(recorded()) is None


def test_tools_are_named_plainly() -> None:
    assert subject_of(recorded()).tools == {"google_search"}
