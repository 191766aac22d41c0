from __future__ import annotations

import pytest

from proxy.audit.policing.rules import GROUNDING, Do, DoorRules, rules_from
from proxy.errors import ConfigError
from tests.audit.policing.questions import ANN, BOB

WHOLE = f"""
[door]
large = "pass"

[holds]
refuse_client_deletes = true

[binding]
enabled = true
unknown = "pass"

[[binding.scope]]
name = "team"
clients = ["{ANN}", "{BOB}"]

[[storage]]
name = "no-storage"
clients = ["{ANN}"]
models = ["gemini-2.5-flash"]
require_store_false = true
do = "rewrite"

[[storage]]
name = "plain"
forbid_background = true
forbid_grounding = true
forbid_tools = ["url_context"]
"""


def test_a_file_says_all_that_the_door_goes_by() -> None:
    rules = rules_from(WHOLE, "door.toml")

    assert (rules.is_bound, rules.refuses_unknown, rules.refuses_held_deletes) == (
        True,
        False,
        True,
    )
    assert rules.scope_of(ANN) == rules.scope_of(BOB) == "team"
    assert rules.scope_of("0" * 16) == "0" * 16
    assert rules.passes_large
    assert rules.must_answer
    first, second = rules.storage
    assert (first.do, first.must_not_store) == (Do.REWRITE, True)
    assert first.clients == {ANN}
    assert second.do is Do.REFUSE
    assert second.forbidden_tools == GROUNDING | {"url_context"}


@pytest.mark.parametrize(
    ("models", "tools"), [("models/m", "googleSearch"), ("m", "GOOGLE-SEARCH")]
)
def test_names_are_spelled_as_anybody_does(models: str, tools: str) -> None:
    text = f'[[storage]]\nname = "a"\nmodels = ["{models}"]\nforbid_tools = ["{tools}"]\n'
    (rule,) = rules_from(text, "door.toml").storage
    assert rule.models == {"m"}
    assert rule.forbidden_tools == {"google_search"}


def test_an_empty_file_wants_nothing() -> None:
    assert rules_from("", "door.toml") == DoorRules()
    assert not rules_from('[door]\nwithout_answer = "pass"', "door.toml").must_answer


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[", "not TOML"),
        ("[dor]", "dor is not known; there is binding, door, holds, storage"),
        ("[holds]\nrefuse = true", "[holds]: refuse is not known"),
        ("[holds]\nrefuse_client_deletes = 1", "is true or false"),
        ('[door]\nlarge = "maybe"', "large is one of refuse, pass"),
        ("door = 1", "[door]: give it as a table"),
        ("storage = 1", "[[storage]]"),
        ("[[storage]]\nrequire_store_false = true", "storage 1: give it a name"),
        ('[[storage]]\nname = "a"', "asks for nothing"),
        (
            '[[storage]]\nname = "a"\nforbid_background = true\ndo = "rewrite"',
            "only require_store_false can be done by rewriting",
        ),
        ('[[storage]]\nname = "a"\nclients = []\nforbid_background = true', "clients is empty"),
        (
            '[[storage]]\nname = "a"\nclients = ["x"]\nforbid_background = true',
            "16 hexadecimal digits",
        ),
        (
            '[[storage]]\nname = "a"\nforbid_background = true\n' * 2,
            "two storage rules have the same name",
        ),
        (
            '[door]\nwithout_answer = "pass"\n[binding]\nenabled = true',
            "holds and binding refuse what they cannot answer",
        ),
        (f'[[binding.scope]]\nname = "{ANN}"\nclients = ["{ANN}"]', "no fingerprint"),
        (
            "".join(f'[[binding.scope]]\nname = "{x}"\nclients = ["{ANN}"]\n' for x in "ab"),
            "belongs to another scope",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, why: str) -> None:
    with pytest.raises(ConfigError) as raised:
        rules_from(text, "door.toml")

    assert str(raised.value).startswith("door.toml")
    assert why in str(raised.value)
