-- Statements about which turn goes on from which, each after its name. Parameters are bound by name.

-- name: turns
-- The latest $limit interactions, and those of the conversation that $interaction belongs to, as
-- audit/lineage/turn.py reads them. Instants in microseconds.
WITH fresh AS MATERIALIZED (
    FROM interactions_fresh
),

seen AS NOT MATERIALIZED (
    SELECT interaction, id_hash, last_seen_at
    FROM settled
    WHERE id_hash NOT IN (SELECT touched.id_hash FROM touched)
    UNION ALL
    SELECT interaction, id_hash, last_seen_at
    FROM fresh
),

-- The latest are not before the earliest of so many others: those that were settled last, which are nearly them. To put the
-- names of all in order would take most of the time.
since AS MATERIALIZED (
    SELECT
        CASE WHEN count(*) >= $limit THEN min(last_seen_at) ELSE '-infinity'::TIMESTAMP END AS instant
    FROM settled
    WHERE rowid > (SELECT max(last.rowid) FROM settled AS last) - 2 * $limit
        AND id_hash NOT IN (SELECT touched.id_hash FROM touched)
),

latest AS MATERIALIZED (
    SELECT
        interaction,
        id_hash
    FROM seen
    WHERE last_seen_at >= (SELECT since.instant FROM since)
    ORDER BY last_seen_at DESC, interaction
    LIMIT $limit
),

wanted AS MATERIALIZED (
    SELECT
        interaction,
        id_hash
    FROM latest
    UNION
    SELECT
        interaction,
        id_hash
    FROM observations
    WHERE root_hash IN (
        SELECT named.root_hash
        FROM observations AS named
        WHERE named.id_hash = hash_of($interaction) AND named.interaction = $interaction
    )
),

-- By number of row, so that one column of all is looked at, and of the others few rows. The latest, and those of long ago
-- apart, so that what lies between is not read.
rows_told AS MATERIALIZED (
    SELECT
        rowid AS number,
        id_hash IN (SELECT latest.id_hash FROM latest) AS is_latest
    FROM observations
    WHERE id_hash IN (SELECT wanted.id_hash FROM wanted)
),

told AS MATERIALIZED (
    SELECT exchange, interaction, id_hash, seen_at, how, settings_sent, is_latest
    FROM observations
    INNER JOIN rows_told ON rows_told.number = observations.rowid
    WHERE rows_told.is_latest
    UNION ALL
    SELECT exchange, interaction, id_hash, seen_at, how, settings_sent, is_latest
    FROM observations
    INNER JOIN rows_told ON rows_told.number = observations.rowid
    WHERE NOT rows_told.is_latest
),

rows_settled AS MATERIALIZED (
    SELECT
        rowid AS number,
        id_hash IN (SELECT latest.id_hash FROM latest) AS is_latest
    FROM settled
    WHERE id_hash IN (SELECT wanted.id_hash FROM wanted)
        AND id_hash NOT IN (SELECT touched.id_hash FROM touched)
),

turns AS (
    SELECT settled.*
    FROM settled
    INNER JOIN rows_settled ON rows_settled.number = settled.rowid
    WHERE rows_settled.is_latest
    UNION ALL BY NAME
    SELECT settled.*
    FROM settled
    INNER JOIN rows_settled ON rows_settled.number = settled.rowid
    WHERE NOT rows_settled.is_latest
    UNION ALL BY NAME
    SELECT fresh.*
    FROM fresh
),

shown AS MATERIALIZED (
    SELECT steps.*, told.how
    FROM steps
    INNER JOIN told
        ON told.seen_at = steps.seen_at
        AND told.id_hash = steps.id_hash
        AND told.exchange = steps.exchange
        AND told.interaction = steps.interaction
    WHERE told.is_latest AND (steps.chain_mac IS NOT NULL OR steps.step_mac IS NOT NULL)
    UNION ALL
    SELECT steps.*, told.how
    FROM steps
    INNER JOIN told
        ON told.seen_at = steps.seen_at
        AND told.id_hash = steps.id_hash
        AND told.exchange = steps.exchange
        AND told.interaction = steps.interaction
    WHERE NOT told.is_latest AND (steps.chain_mac IS NOT NULL OR steps.step_mac IS NOT NULL)
),

sent AS (
    SELECT
        id_hash,
        interaction,
        arg_max(settings_sent, seen_at) AS settings_sent
    FROM told
    WHERE how = 'created'
    GROUP BY id_hash, interaction
),

answered AS (
    SELECT
        id_hash,
        interaction,
        list_distinct(flatten(list([chain_mac, step_mac]))) AS digests
    FROM shown
    WHERE side = 'output'
    GROUP BY id_hash, interaction
),

-- What was sent again, by the exchange that created it.
repeated AS (
    SELECT
        id_hash,
        interaction,
        list(
            list_concat(
                string_split(chain_mac, ','),
                coalesce(string_split(step_mac, ','), [])
            )
            ORDER BY step_index
        ) AS history
    FROM shown
    WHERE how = 'created'
        AND side = 'input'
        AND type IN ('model_output', 'function_call')
        AND chain_mac IS NOT NULL
    GROUP BY id_hash, interaction
),

rows_priced AS MATERIALIZED (
    SELECT
        rowid AS number,
        id_hash IN (SELECT latest.id_hash FROM latest) AS is_latest
    FROM settled_costs
    WHERE id_hash IN (SELECT wanted.id_hash FROM wanted)
        AND id_hash NOT IN (SELECT touched.id_hash FROM touched)
),

priced AS (
    SELECT id_hash, interaction, amount_pico_usd, unpriced_count
    FROM settled_costs
    INNER JOIN rows_priced ON rows_priced.number = settled_costs.rowid
    WHERE rows_priced.is_latest
    UNION ALL
    SELECT id_hash, interaction, amount_pico_usd, unpriced_count
    FROM settled_costs
    INNER JOIN rows_priced ON rows_priced.number = settled_costs.rowid
    WHERE NOT rows_priced.is_latest
    UNION ALL
    SELECT id_hash, interaction, amount_pico_usd, unpriced_count
    FROM costs_fresh
)

SELECT
    turns.interaction,
    epoch_us(turns.created_at) AS at,
    turns.previous_interaction_id AS previous,
    turns.model,
    turns.agent,
    turns.status,
    turns.error_code,
    turns.store,
    epoch_us(turns.deleted_at) AS deleted_at,
    coalesce(turns.is_continuation, FALSE) AS is_continuation,
    sent.settings_sent,
    turns.tool_types,
    turns.input_tokens,
    turns.cached_tokens,
    turns.total_tokens,
    priced.amount_pico_usd AS cost_pico_usd,
    coalesce(priced.unpriced_count = 0, FALSE) AS is_cost_complete,
    coalesce(answered.digests, []) AS answers,
    coalesce(repeated.history, []) AS history
FROM turns
INNER JOIN wanted ON wanted.id_hash = turns.id_hash AND wanted.interaction = turns.interaction
LEFT JOIN sent ON sent.id_hash = turns.id_hash AND sent.interaction = turns.interaction
LEFT JOIN answered ON answered.id_hash = turns.id_hash AND answered.interaction = turns.interaction
LEFT JOIN repeated ON repeated.id_hash = turns.id_hash AND repeated.interaction = turns.interaction
LEFT JOIN priced ON priced.id_hash = turns.id_hash AND priced.interaction = turns.interaction
ORDER BY turns.created_at, turns.interaction;
