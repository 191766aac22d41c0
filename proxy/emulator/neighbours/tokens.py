"""Ephemeral tokens: a name that is a credential, made and forgotten. Any token lets a caller in.

Source: the protocol reference, sections 16.2 and 20.
"""

from __future__ import annotations

from proxy.emulator.neighbours.visit import Reply, Visit, said


def answer(visit: Visit) -> Reply:
    """A new token. It is nowhere kept and stands in no ledger.

    Raises:
        Refusal: 400, the body is no object.
    """
    visit.parsed()
    return said({"name": f"auth_tokens/{visit.chance.data(32).hex()}"})
