-- What `cost` asks. $since and $until bound created_at (the end excluded); NULL: no bound.

-- name: cost_by_interaction
-- Each interaction, the latest first.
SELECT
    interaction AS name,
    1 AS interactions,
    (NOT is_complete)::BIGINT AS incomplete,
    amount_pico_usd,
    reasons
FROM costs_by_interaction
WHERE (CAST($since AS TIMESTAMP) IS NULL OR created_at >= CAST($since AS TIMESTAMP))
    AND (CAST($until AS TIMESTAMP) IS NULL OR created_at < CAST($until AS TIMESTAMP))
ORDER BY created_at DESC, name;

-- name: cost_by_conversation
-- Each conversation by its first interaction, the dearest first.
SELECT
    arg_min(interaction, created_at) AS name,
    count(*) AS interactions,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete,
    sum(amount_pico_usd)::HUGEINT AS amount_pico_usd,
    list_distinct(flatten(list(reasons) FILTER (WHERE reasons IS NOT NULL))) AS reasons
FROM costs_by_interaction
WHERE (CAST($since AS TIMESTAMP) IS NULL OR created_at >= CAST($since AS TIMESTAMP))
    AND (CAST($until AS TIMESTAMP) IS NULL OR created_at < CAST($until AS TIMESTAMP))
GROUP BY root_hash
ORDER BY amount_pico_usd DESC NULLS LAST, name;

-- name: cost_by_model
-- Each model or agent, the dearest first.
SELECT
    coalesce(model, agent, 'none named') AS name,
    count(*) AS interactions,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete,
    sum(amount_pico_usd)::HUGEINT AS amount_pico_usd,
    list_distinct(flatten(list(reasons) FILTER (WHERE reasons IS NOT NULL))) AS reasons
FROM costs_by_interaction
WHERE (CAST($since AS TIMESTAMP) IS NULL OR created_at >= CAST($since AS TIMESTAMP))
    AND (CAST($until AS TIMESTAMP) IS NULL OR created_at < CAST($until AS TIMESTAMP))
GROUP BY coalesce(model, agent, 'none named')
ORDER BY amount_pico_usd DESC NULLS LAST, name;

-- name: cost_by_day
-- Each UTC day, the latest first.
SELECT
    strftime(created_at, '%Y-%m-%d') AS name,
    count(*) AS interactions,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete,
    sum(amount_pico_usd)::HUGEINT AS amount_pico_usd,
    list_distinct(flatten(list(reasons) FILTER (WHERE reasons IS NOT NULL))) AS reasons
FROM costs_by_interaction
WHERE (CAST($since AS TIMESTAMP) IS NULL OR created_at >= CAST($since AS TIMESTAMP))
    AND (CAST($until AS TIMESTAMP) IS NULL OR created_at < CAST($until AS TIMESTAMP))
GROUP BY strftime(created_at, '%Y-%m-%d')
ORDER BY name DESC;

-- name: cost_by_client
-- Each client (fingerprint of its credential), the dearest first.
SELECT
    coalesce(client, 'not known') AS name,
    count(*) AS interactions,
    count(*) FILTER (WHERE NOT is_complete) AS incomplete,
    sum(amount_pico_usd)::HUGEINT AS amount_pico_usd,
    list_distinct(flatten(list(reasons) FILTER (WHERE reasons IS NOT NULL))) AS reasons
FROM costs_by_interaction
WHERE (CAST($since AS TIMESTAMP) IS NULL OR created_at >= CAST($since AS TIMESTAMP))
    AND (CAST($until AS TIMESTAMP) IS NULL OR created_at < CAST($until AS TIMESTAMP))
GROUP BY coalesce(client, 'not known')
ORDER BY amount_pico_usd DESC NULLS LAST, name;

-- name: cost_lines_of
-- The lines of one interaction, by the newest book.
SELECT
    item,
    modality,
    tier,
    quantity,
    unit,
    price_pico_usd,
    amount_pico_usd,
    reason,
    book
FROM cost_lines
WHERE id_hash = hash_of($interaction) AND interaction = $interaction
ORDER BY amount_pico_usd DESC NULLS FIRST, item, modality;
