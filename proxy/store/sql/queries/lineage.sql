-- Statements about which turn goes on from which, each after its name. Parameters are bound by name.

-- name: turns
-- The latest $limit interactions, and those of the conversation that $interaction belongs to, as
-- audit/lineage/turn.py reads them. Instants in microseconds.
WITH latest AS (
    SELECT
        interaction,
        id_hash
    FROM observations
    GROUP BY interaction, id_hash
    ORDER BY max(seen_at) DESC, interaction
    LIMIT $limit
),

wanted AS (
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
        SELECT named.root_hash FROM observations AS named WHERE named.interaction = $interaction
    )
),

sent AS (
    SELECT
        id_hash,
        interaction,
        arg_max(settings_sent, seen_at) AS settings_sent
    FROM observations
    WHERE how = 'created'
    GROUP BY id_hash, interaction
),

answered AS (
    SELECT
        id_hash,
        interaction,
        list_distinct(flatten(list([chain_mac, step_mac]))) AS digests
    FROM steps
    WHERE side = 'output' AND (chain_mac IS NOT NULL OR step_mac IS NOT NULL)
    GROUP BY id_hash, interaction
),

-- What was sent again, by the exchange that created it.
repeated AS (
    SELECT
        steps.id_hash,
        steps.interaction,
        list(
            list_concat(
                string_split(steps.chain_mac, ','),
                coalesce(string_split(steps.step_mac, ','), [])
            )
            ORDER BY steps.step_index
        ) AS history
    FROM steps
    INNER JOIN observations
        ON observations.exchange = steps.exchange
        AND observations.interaction = steps.interaction
        AND observations.how = 'created'
    WHERE steps.side = 'input'
        AND steps.type IN ('model_output', 'function_call')
        AND steps.chain_mac IS NOT NULL
    GROUP BY steps.id_hash, steps.interaction
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
    costs_by_interaction.amount_pico_usd AS cost_pico_usd,
    coalesce(costs_by_interaction.is_complete, FALSE) AS is_cost_complete,
    coalesce(answered.digests, []) AS answers,
    coalesce(repeated.history, []) AS history
FROM interactions AS turns
INNER JOIN wanted ON wanted.id_hash = turns.id_hash AND wanted.interaction = turns.interaction
LEFT JOIN sent ON sent.id_hash = turns.id_hash AND sent.interaction = turns.interaction
LEFT JOIN answered ON answered.id_hash = turns.id_hash AND answered.interaction = turns.interaction
LEFT JOIN repeated ON repeated.id_hash = turns.id_hash AND repeated.interaction = turns.interaction
LEFT JOIN costs_by_interaction
    ON costs_by_interaction.id_hash = turns.id_hash
    AND costs_by_interaction.interaction = turns.interaction
ORDER BY turns.created_at, turns.interaction;
