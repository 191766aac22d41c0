from __future__ import annotations

import pytest

from proxy.audit.ledger.policies import POLICIES_BYTES_MAX, policies_from, policies_text, span_s
from proxy.errors import ConfigError


def test_a_policy_is_read_with_its_conditions_and_its_spans() -> None:
    (policy,) = policies_from(
        """
        [[policy]]
        name = "support"
        labels = ["team=care"]
        models = ["gemini-2.5-flash"]
        tools = ["google_search"]
        delete_upstream_after = "36h"
        erase_local_after = "100d"
        keep_local = "90d"
        """,
        "policies.toml",
    )

    assert policy.models == {"gemini-2.5-flash"}
    assert policy.delete_upstream_after_s == 36 * 3600
    assert policy.keep_local_s == 90 * 86_400
    assert policy.erase_local_after_s == 100 * 86_400
    assert policy.labels == {"team=care"}
    assert not policy.never_store
    assert policy.is_explicit


def test_what_is_kept_is_locked_in_mode_compliance_alone() -> None:
    text = '[[policy]]\nname = "a"\nkeep_local = "1d"\n'

    modes = [policies_from(text + more, "f")[0].is_locked for more in ("", 'mode = "governance"')]

    assert modes == [False, False]
    assert policies_from(text + 'mode = "compliance"', "f")[0].is_locked


def test_an_empty_file_makes_no_policy() -> None:
    assert policies_from("", "policies.toml") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[policy", "policies.toml is not TOML"),
        ("[rules]\na = 1", "rules: only [[policy]] tables stand here"),
        ("policy = 3", "give each policy as [[policy]]"),
        ("policy = [3]", "policy 1: give it as [[policy]]"),
        ('[[policy]]\nkeep_local = "1d"', "policy 1: give it a name"),
        ('[[policy]]\nname = "a"', "policy 1: it asks for nothing"),
        ('[[policy]]\nname = "a"\nlabels = ["team"]\nnever_store = true', "a label is"),
        ('[[policy]]\nname = "a"\nnever_store = 1', "never_store is true or false"),
        ('[[policy]]\nname = "a"\nnever_store = false', "it asks for nothing"),
        (
            '[[policy]]\nname = "a"\nnever_store = true\nkeep_local = "1d"',
            "neither kept nor erased",
        ),
        ('[[policy]]\nname = "a"\nkeep = "1d"', "policy 1: keep is not known"),
        ('[[policy]]\nname = "a"\nkeep_local = 7', "policy 1: keep_local is a span"),
        ('[[policy]]\nname = "a"\nkeep_local = "-7d"', "policy 1: keep_local is a span"),
        ('[[policy]]\nname = "a"\nclients = "x"\nkeep_local = "1d"', "clients is a list"),
        ('[[policy]]\nname = "a"\nclients = []\nkeep_local = "1d"', "clients is empty"),
        ('[[policy]]\nname = "a"\nkeep_local = "1d"\n' * 2, "two policies have the same name"),
        ('[[policy]]\nname = "a"\nkeep_local = "1d"\nmode = "strict"', "governance or compliance"),
        ('[[policy]]\nname = "a"\nerase_local_after = "1d"\nmode = "compliance"', "keep_local"),
        (
            f'[[policy]]\nname = "a"\nkeep_local = "1d"\nmode = "compliance"\nmodels = ["{"m" * 81}"]',
            "make several policies of it",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        policies_from(text, "policies.toml")

    assert said in str(raised.value)


def test_spans_are_whole_numbers_with_a_unit() -> None:
    assert [span_s(each) for each in ("90s", "3m", "36h", "7d", "7", "d", "1.5d", "")] == [
        *(90, 180, 129_600, 604_800),
        *(None, None, None, None),
    ]


def test_a_file_that_is_too_large_is_refused_lest_its_beginning_be_fewer_policies() -> None:
    policy = b'[[policy]]\nname = "a"\nnever_store = true\n'
    whole = policy + b"#" * (POLICIES_BYTES_MAX - len(policy))

    assert policies_text(whole, "policies.toml") == whole.decode()
    with pytest.raises(ConfigError, match=f"policies.toml has more than {POLICIES_BYTES_MAX}"):
        policies_text(whole + b"\n", "policies.toml")
    with pytest.raises(ConfigError, match="not UTF-8: byte 1"):
        policies_text(b"#\xff", "policies.toml")
