-- Cost: by list prices of a dated book. What has no price is not zero; it is said to be missing.

-- name: cost_by_model
-- US dollars per model or agent, and how many interactions have a cost that is not all of it.
-- param from instant = -30d: created from then on
-- param to instant = now: created before
SELECT
    coalesce(model, agent, 'unknown') AS model,
    count(*) AS interaction_count,
    sum(amount_pico_usd)::DOUBLE / 1e12 AS amount_usd,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete_count,
    max(book) AS book
FROM costs_between($from, $to)
GROUP BY ALL
ORDER BY amount_usd DESC NULLS LAST, model;

-- name: cost_by_day
-- US dollars per day (UTC) and model or agent.
-- param from instant = -30d: created from then on
-- param to instant = now: created before
SELECT
    date_trunc('day', created_at)::DATE AS day,
    coalesce(model, agent, 'unknown') AS model,
    count(*) AS interaction_count,
    sum(amount_pico_usd)::DOUBLE / 1e12 AS amount_usd,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete_count
FROM costs_between($from, $to)
GROUP BY ALL
ORDER BY day DESC, amount_usd DESC NULLS LAST, model;

-- name: cost_by_client
-- US dollars per credential (its fingerprint).
-- param from instant = -30d: created from then on
-- param to instant = now: created before
SELECT
    coalesce(client, 'none') AS client,
    count(*) AS interaction_count,
    sum(amount_pico_usd)::DOUBLE / 1e12 AS amount_usd,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete_count
FROM costs_between($from, $to)
GROUP BY ALL
ORDER BY amount_usd DESC NULLS LAST, client;

-- name: most_expensive_interactions
-- The interactions that cost most.
-- param from instant = -7d: created from then on
-- param to instant = now: created before
-- param limit whole = 50: rows at most
SELECT
    interaction,
    created_at,
    coalesce(model, agent) AS model,
    amount_pico_usd::DOUBLE / 1e12 AS amount_usd,
    is_complete,
    client
FROM costs_between($from, $to)
WHERE amount_pico_usd IS NOT NULL
ORDER BY amount_pico_usd DESC, interaction
LIMIT $limit;

-- name: cost_unpriced
-- What has no price, and why.
-- param from instant = -30d: told from then on
SELECT
    item,
    modality,
    tier,
    reason,
    count(DISTINCT interaction) AS interaction_count,
    sum(quantity)::BIGINT AS quantity
FROM audit.cost_lines
WHERE seen_at >= $from AND amount_pico_usd IS NULL
GROUP BY ALL
ORDER BY interaction_count DESC, item, modality, tier;
