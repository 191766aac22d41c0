-- Tokens: how many, of what kind, by whom.

-- name: tokens_by_model
-- Tokens per day (UTC) and model or agent; an interaction counts once, however often it was read.
-- param from instant = -30d: created from then on
-- param to instant = now: created before
SELECT
    date_trunc('day', created_at)::DATE AS day,
    coalesce(model, agent, 'unknown') AS model,
    count(*) AS interaction_count,
    sum(input_tokens)::BIGINT AS input_tokens,
    sum(cached_tokens)::BIGINT AS cached_tokens,
    sum(output_tokens)::BIGINT AS output_tokens,
    sum(thought_tokens)::BIGINT AS thought_tokens,
    sum(tool_use_tokens)::BIGINT AS tool_use_tokens,
    sum(total_tokens)::BIGINT AS total_tokens
FROM audit.interactions
WHERE created_at >= $from AND created_at < $to
GROUP BY ALL
ORDER BY day DESC, total_tokens DESC NULLS LAST, model;

-- name: tokens_by_hour
-- Tokens per hour (UTC) and model or agent.
-- param from instant = -24h: created from then on
-- param to instant = now: created before
SELECT
    date_trunc('hour', created_at) AS hour,
    coalesce(model, agent, 'unknown') AS model,
    count(*) AS interaction_count,
    sum(total_tokens)::BIGINT AS total_tokens
FROM audit.interactions
WHERE created_at >= $from AND created_at < $to
GROUP BY ALL
ORDER BY hour, model;

-- name: tokens_by_client
-- Tokens per credential (its fingerprint) and model.
-- param from instant = -30d: created from then on
-- param to instant = now: created before
SELECT
    coalesce(client, 'none') AS client,
    coalesce(model, agent, 'unknown') AS model,
    count(*) AS interaction_count,
    sum(total_tokens)::BIGINT AS total_tokens,
    min(created_at) AS first_at,
    max(created_at) AS last_at
FROM audit.interactions
WHERE created_at >= $from AND created_at < $to
GROUP BY ALL
ORDER BY total_tokens DESC NULLS LAST, client, model;

-- name: tokens_by_modality
-- Tokens by kind and modality.
-- param from instant = -30d: told from then on
-- param to instant = now: told before
SELECT
    kind,
    modality,
    sum(tokens)::BIGINT AS tokens,
    count(DISTINCT id_hash) AS interaction_count
FROM usage_between($from, $to)
GROUP BY ALL
ORDER BY tokens DESC, kind, modality;

-- name: tokens_most
-- The interactions with the most tokens.
-- param from instant = -7d: created from then on
-- param to instant = now: created before
-- param limit whole = 50: rows at most
SELECT
    interaction,
    created_at,
    coalesce(model, agent) AS model,
    input_tokens,
    output_tokens,
    thought_tokens,
    total_tokens,
    client
FROM audit.interactions
WHERE created_at >= $from AND created_at < $to AND total_tokens IS NOT NULL
ORDER BY total_tokens DESC, interaction
LIMIT $limit;

-- name: tokens_cached_share
-- Which share of the tokens that went in came from a cache, per day (UTC) and model.
-- param from instant = -30d: created from then on
SELECT
    date_trunc('day', created_at)::DATE AS day,
    coalesce(model, agent, 'unknown') AS model,
    sum(input_tokens)::BIGINT AS input_tokens,
    sum(cached_tokens)::BIGINT AS cached_tokens,
    coalesce(sum(cached_tokens), 0) / nullif(sum(input_tokens), 0)::DOUBLE AS cached_share
FROM audit.interactions
WHERE created_at >= $from
GROUP BY ALL
ORDER BY day DESC, model;
