-- Retention as auditors ask for it; the schema is made in 90_audit.sql.

CREATE OR REPLACE VIEW audit.retention AS
SELECT
    copies.interaction, -- Google's id.
    copies.client, -- Fingerprint of the credential that created it.
    copies.store, -- What the create said of storing: true, false, inherited (nothing said).
    copies.is_stored, -- A copy may lie at Google: it has an id, and its create did not say false.
    copies.is_foreign, -- It was made elsewhere: known only because a turn here went on from it. Nobody here deletes it.
    copies.began_at, -- When its period at Google began, as Google says; else the answer's Date; else our clock.
    copies.expires_earliest, -- It is there until then, unless somebody deletes it.
    copies.expires_latest, -- It is gone by then, if Google keeps its word (a day of grace included).
    copies.due_at, -- When it was due to be deleted at Google.
    copies.state, -- How far its disposal is, as last recorded: scheduled, sending, verifying, deleted_verified, ...
    copies.evidence, -- What shows that it exists, or does not, as last recorded.
    copies.flags, -- What went otherwise than it should: resurrected, overstay, hold_after_send.
    copies.state IN ('denied', 'rejected', 'not_effective') AS needs_person, -- Somebody has to look.
    copies.deleted_at, -- When a client's own delete succeeded.
    copies.disposed_at, -- The last step of its disposal.
    copies.interaction IN (
        SELECT protected_interactions.interaction FROM main.protected_interactions
    ) AS is_held, -- A hold protects it: one on itself, on a later turn, or on its conversation.
    copies.root_hash AS conversation -- Number of its conversation.
FROM main.copies AS copies;
COMMENT ON VIEW audit.retention IS
    'One row per interaction: until when a copy lies at Google, and how far its deletion there is.';

CREATE OR REPLACE VIEW audit.receipts AS
SELECT
    acts.interaction, -- Google's id.
    acts.seen_at AS made_at, -- When the receipt was made.
    acts.data ->> '$.receipt.outcome' AS outcome, -- deleted_verified, already_gone, expired_verified, expired_presumed, unverifiable, not_effective.
    (acts.data ->> '$.receipt.is_verified')::BOOLEAN AS is_verified, -- It was seen to be gone.
    (acts.data ->> '$.receipt.nothing_left')::BOOLEAN AS nothing_left, -- And no copy beside it can be left either.
    acts.data ->> '$.receipt.interaction_sha256' AS interaction_sha256, -- SHA-256 of the id, by which the receipt names it.
    acts.data ->> '$.key' AS key, -- Public key (Ed25519, hexadecimal) of the signature.
    acts.data ->> '$.signature' AS signature, -- Over the receipt.
    acts.data AS data, -- The whole receipt as JSON.
    acts.act -- Id of the act.
FROM main.acts AS acts
WHERE acts.kind = 'receipt';
COMMENT ON VIEW audit.receipts IS
    'Signed proofs of disposals: what was done, when, on what evidence, and what it does not reach.';
