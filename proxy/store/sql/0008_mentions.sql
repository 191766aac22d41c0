-- Migration 8: exchanges that were about an interaction and told nothing of it: refused, not found, deleted.
--
-- What tells of an interaction is found in observations by the hash of its id; with these, every exchange about it is,
-- without looking through all of them. Follows from the other tables (ingest.py).

CREATE TABLE mentions (
    id_hash UBIGINT,
    exchange VARCHAR,
    interaction VARCHAR
);
COMMENT ON TABLE mentions IS
    'Exchanges about an interaction that told nothing of it. Follows from exchanges; for the views.';

INSERT INTO mentions
SELECT
    ('0x' || substr(sha256(exchanges.interaction), 1, 16))::UBIGINT AS id_hash,
    exchanges.exchange,
    exchanges.interaction
FROM exchanges
ANTI JOIN observations
    ON observations.exchange = exchanges.exchange
    AND observations.interaction = exchanges.interaction
WHERE exchanges.interaction IS NOT NULL;

CREATE TABLE touched_copies (
    id_hash UBIGINT
);
COMMENT ON TABLE touched_copies IS
    'Interactions gone on from, or whose deletion at Google was told of, since they were settled. For the views.';
