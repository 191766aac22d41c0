"""The verb `evidence`: what the tables know of an interaction, with proofs of all of it."""

from __future__ import annotations

from pathlib import Path

from proxy.errors import StoreError
from proxy.journal.keys import MasterKey
from proxy.reading.snapshot import open_facts
from proxy.reading.verifying.evidence import acts_about, evidence_of
from proxy.store.vault.keys import FactsKeys


def evidence_about(data_folder: Path, master_file: Path, name: str) -> str:
    """JSON that `verify --bundle` checks. `name`: of an interaction, its beginning, or of an exchange.

    Raises:
        StoreError: there is none of that name, or several; or a part of it is not signed yet.
        FormatError, OSError: vault or trail are not whole.
    """
    trail, vault = data_folder / "trail", data_folder / "vault"
    if not (trail / "checkpoint").is_file():
        raise StoreError(f"there is no trail in {trail}: nothing was recorded there yet")
    interaction, exchanges = _carriers(data_folder, master_file, name)
    if interaction is None:
        return evidence_of(trail, vault, exchanges)
    keys = FactsKeys(data_folder / "keys" / "facts", MasterKey.load_or_create(master_file))
    acts = acts_about(vault, keys, interaction, exchanges)
    return evidence_of(trail, vault, exchanges, acts, interaction)


def _carriers(data_folder: Path, master_file: Path, name: str) -> tuple[str | None, set[str]]:
    """The interaction, and the exchanges that hold content of it, but for those that only quote it."""
    with open_facts(data_folder, master_file) as facts:
        asked = {"name": name}
        if facts.execute("FROM exchanges WHERE exchange = $name", asked).fetchone():
            return None, {name}
        found = facts.execute(
            "SELECT DISTINCT interaction FROM observations WHERE starts_with(interaction, $name) "
            "ORDER BY interaction != $name LIMIT 2",
            asked,
        ).fetchall()
        names = [str(one) for (one,) in found]
        if not names:
            raise StoreError(f"nothing that was recorded here has the name {name[:80]}")
        if len(names) > 1 and names[0] != name:
            raise StoreError(f"several interactions begin with {name[:80]}: give the whole id")
        carriers = facts.execute(
            "SELECT DISTINCT exchange FROM carried_by(hash_of($name)::VARCHAR) WHERE interaction = $name",
            {"name": names[0]},
        ).fetchall()
    return names[0], {str(exchange) for (exchange,) in carriers}
