-- Migration 6: what an erasure looks for, as numbers: digests of what was sent again, and answers that nobody could read.
--
-- Both follow from the other tables (ingest.py), so that one scan of few rows finds who carries an interaction.

CREATE TABLE repeats (
    exchange VARCHAR,
    interaction VARCHAR,
    seen_at TIMESTAMP,
    step_index BIGINT,
    mac_hash UBIGINT,
    is_before BOOLEAN
);
COMMENT ON TABLE repeats IS
    'A digest of a step that was sent again, 64 bits of it. Follows from steps; for the view carries.';

INSERT INTO repeats
SELECT
    exchange,
    interaction,
    seen_at,
    step_index,
    md5_number_lower(unnest(string_split(mac, ','))) AS mac_hash,
    unnest(range(len(string_split(mac, ',')))) = 1 AS is_before
FROM (
    SELECT exchange, interaction, seen_at, step_index, unnest([chain_mac, step_mac]) AS mac
    FROM steps
    WHERE side = 'input' AND type IN ('model_output', 'function_call')
)
WHERE mac IS NOT NULL;

CREATE TABLE unread (
    exchange VARCHAR,
    interaction VARCHAR,
    id_hash UBIGINT,
    how VARCHAR
);
COMMENT ON TABLE unread IS
    'An answer about an interaction that could not be read as one: what it holds is not known. Follows from exchanges.';

INSERT INTO unread
SELECT
    exchange,
    interaction,
    ('0x' || substr(sha256(interaction), 1, 16))::UBIGINT AS id_hash,
    CASE operation WHEN 'resume' THEN 'resumed' ELSE 'read' END AS how
FROM exchanges
WHERE operation IN ('get', 'resume', 'cancel', 'delete')
    AND interaction IS NOT NULL
    AND status BETWEEN 200 AND 299
    AND response_bytes > 0
    AND purpose != 'verify'
    AND exchange NOT IN (SELECT observations.exchange FROM observations);
