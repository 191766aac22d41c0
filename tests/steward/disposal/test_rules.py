"""Candidates are asked for by rules; whomever a policy wants gone is among them, and few others are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from proxy.audit.retention.policy import Policy, Subject, deletion_at, verdict
from proxy.steward.disposal.rules import RULES_MAX, rules_of
from proxy.store import queries
from proxy.store.database import Database
from tests.store.samples import SECOND_NS, START_NS, batch, recording

NOW_US = START_NS // 1000 + 1_000_000 * 1000
NEVER = 1 << 62
CLIENTS, LABELS, MODELS = ("c1", "c2"), ("l1", "l2"), ("m1", "m2")


def spans(policy: Policy) -> int | None:
    return policy.delete_upstream_after_s


def rules(*policies: Policy) -> tuple[int | None, Any]:
    cutoff_us, told = rules_of(policies, spans, NOW_US)
    return cutoff_us, orjson.loads(told)


def some(chance: random.Random, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for name in names if chance.random() < 0.3)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, dict[str, Any]]]:
    """Copies of every client, label and model, of three ages; and what policies look at of each."""
    opened = Database.open(tmp_path_factory.mktemp("rules") / "facts.duckdb")
    subjects: dict[str, Any] = {}
    taken = []
    chance = random.Random(20261123)
    for number in range(1, 60):
        name, client, model = f"v1_{number}", chance.choice(CLIENTS), chance.choice(MODELS)
        labels, is_agent = some(chance, LABELS), chance.random() < 0.5
        seconds = chance.choice((0, 300, 900))
        told = recording(
            number,
            interaction=name,
            seconds=seconds,
            label_index=",".join(sorted(labels)) or None,
            model=None if is_agent else model,
            agent=model if is_agent else None,
        )
        about = replace(told.exchange, client=client, api_version="v1beta", purpose="client")
        taken.append(replace(told, exchange=about))
        subject = Subject(client=client, labels=labels, models=frozenset({model}))
        subjects[name] = (subject, START_NS + seconds * SECOND_NS)
    opened.ingest(batch(*taken))
    yield opened, subjects
    opened.close()


def test_whoever_is_wanted_gone_is_found_and_nobody_whom_no_policy_is_about(
    database: tuple[Database, dict[str, Any]],
) -> None:
    tables, subjects = database
    chance = random.Random(7)
    found_count = 0
    for _ in range(12):
        policies = [
            Policy(
                name=f"p{number}",
                clients=some(chance, CLIENTS),
                labels=some(chance, LABELS),
                models=some(chance, MODELS),
                delete_upstream_after_s=chance.choice((None, 200, 800)),
            )
            for number in range(chance.randrange(4))
        ]
        wanted, perhaps = set(), set()
        for name, (subject, began_at) in subjects.items():
            duty = verdict(policies, subject, began_at).delete_upstream
            if duty is not None and duty.at <= NOW_US * 1000:
                wanted.add(name)
            # One that names its subject beats another that is for all, and may be later.
            if any(
                policy.applies(subject)
                and (deletion_at(policy, began_at) or NEVER) <= NOW_US * 1000
                for policy in policies
            ):
                perhaps.add(name)
        cutoff_us, told = rules_of(policies, spans, NOW_US)
        given: dict[str, Any] = {"cutoff_us": cutoff_us, "rules": told, "after": "", "limit": 100}

        _, found = queries.dicts(
            tables.cursor(), "disposal_candidates", scope=list(CLIENTS), finals=[], **given
        )
        assert wanted <= perhaps == {row["interaction"] for row in found}
        if cutoff_us is not None:
            _, kept = queries.dicts(tables.cursor(), "disposal_kept", **given)
            assert {row["interaction"] for row in kept} == perhaps
        found_count += len(wanted)
    assert found_count > 20


def test_policies_about_the_same_are_one_rule_with_the_earliest_time() -> None:
    about = frozenset({"c1"})
    late, early = (
        Policy(name=f"after{after}", clients=about, delete_upstream_after_s=after)
        for after in (900, 100)
    )

    cutoff_us, told = rules(late, early, Policy(name="kept", keep_local_s=5))

    assert cutoff_us == NOW_US - 100 * 1_000_000
    assert told == [{"cutoff_us": cutoff_us, "clients": ["c1"], "labels": [], "models": []}]


def test_where_no_policy_deletes_nothing_is_asked_for() -> None:
    assert rules(Policy(name="kept", keep_local_s=5)) == (None, [])


def test_of_many_policies_age_alone_is_asked_for() -> None:
    many = [
        Policy(name=f"p{n}", clients=frozenset({f"c{n}"}), delete_upstream_after_s=100 + n)
        for n in range(RULES_MAX + 1)
    ]

    cutoff_us, told = rules(*many)

    assert cutoff_us == NOW_US - 100 * 1_000_000
    assert told == [{"cutoff_us": cutoff_us, "clients": [], "labels": [], "models": []}]
