-- Steps, tools, media: what interactions were made of.

-- name: steps_by_type
-- Steps by side and type.
-- param from instant = -7d: in interactions created from then on
WITH among AS MATERIALIZED (
    SELECT
        id_hash,
        first_seen_at,
        input_step_count > 0 AS has_input,
        output_step_count > 0 AS has_output,
        exchange_count = 1 AND resume_count = 0 AS is_told_once
    FROM interactions
    WHERE created_at >= $from
),

-- Nearly all are told once: then each of their steps is shown, and nothing has to be chosen.
shown AS (
    SELECT steps.side, steps.type, steps.id_hash, steps.text_bytes
    FROM steps
    INNER JOIN among
        ON among.id_hash = steps.id_hash
        AND among.first_seen_at = steps.seen_at  -- it is; so few rows are read
    WHERE among.is_told_once
        AND CASE WHEN steps.side = 'input' THEN among.has_input ELSE among.has_output END
    UNION ALL
    SELECT side, type, id_hash, text_bytes
    FROM steps_shown_in(
        FALSE, (SELECT list(among.id_hash) FROM among WHERE NOT among.is_told_once)
    )
)

SELECT
    side,
    type,
    count(*) AS step_count,
    count(DISTINCT id_hash) AS interaction_count,
    sum(text_bytes)::BIGINT AS text_bytes
FROM shown
GROUP BY ALL
ORDER BY step_count DESC, side, type;

-- name: tools_used
-- Calls by tool or function, how many failed, and how many never had a result.
-- param from instant = -7d: called from then on
-- param to instant = now: called before
SELECT
    tool,
    coalesce(name, variant, '') AS name,
    ran_at,
    count(*) AS call_count,
    count(*) FILTER (WHERE is_error) AS error_count,
    count(*) FILTER (WHERE answer_count = 0) AS unanswered_count,
    count(DISTINCT interaction) AS interaction_count
FROM tool_calls_among(FALSE, $from, NULL::UBIGINT)
WHERE called_at >= $from AND called_at < $to
GROUP BY ALL
ORDER BY call_count DESC, tool, name;

-- name: tool_calls_of
-- The calls of one interaction with what became of them.
-- param interaction text: its id
SELECT
    place,
    tool,
    name,
    call_id,
    ran_at,
    called_at,
    answered_at,
    result_interaction,
    answer_count,
    is_error
FROM tool_calls_among(FALSE, NULL::TIMESTAMP, hash_of($interaction))
WHERE interaction = $interaction
ORDER BY place;

-- name: slowest_tool_calls
-- The calls that took longest, from call to result.
-- param from instant = -7d: called from then on
-- param to instant = now: called before
-- param limit whole = 50: rows at most
SELECT
    interaction,
    tool,
    name,
    ran_at,
    called_at,
    duration_ns / 1e9 AS duration_s,
    is_error,
    result_interaction
FROM tool_calls_among(FALSE, $from, NULL::UBIGINT)
WHERE called_at >= $from AND called_at < $to AND duration_ns IS NOT NULL
ORDER BY duration_ns DESC, interaction, place
LIMIT $limit;

-- name: tool_errors
-- Calls whose result says that they failed.
-- param from instant = -7d: called from then on
-- param limit whole = 200: rows at most
SELECT
    interaction,
    called_at,
    tool,
    name,
    call_id,
    result_interaction
FROM tool_calls_among(FALSE, $from, NULL::UBIGINT)
WHERE called_at >= $from AND is_error
ORDER BY called_at DESC, place
LIMIT $limit;

-- name: tool_findings
-- Calls by the caller that went wrong: never answered, answered twice, answered without a call.
-- param from instant = -7d: seen from then on
SELECT
    seen_at,
    kind,
    interaction,
    name,
    call_id
FROM tool_findings_among(FALSE, (SELECT list(late.id_hash) FROM interactions_since($from) AS late))
WHERE seen_at >= $from
ORDER BY seen_at DESC, interaction, call_id;

-- name: media_carried
-- Media by side, type and how they came.
-- param from instant = -30d: in interactions created from then on
SELECT
    media.side,
    media.type,
    media.mime_type,
    media.source,
    count(*) AS object_count,
    sum(media.media_bytes)::BIGINT AS media_bytes
FROM audit.media AS media
INNER JOIN audit.interactions AS told ON media.interaction = told.interaction
WHERE told.created_at >= $from
GROUP BY ALL
ORDER BY object_count DESC, media.side, media.type, media.mime_type;

-- name: agents_used
-- Agents, how often they ran, and how they ended.
-- param from instant = -30d: created from then on
SELECT
    agent,
    coalesce(status, 'unknown') AS status,
    count(*) AS interaction_count,
    sum(total_tokens)::BIGINT AS total_tokens
FROM audit.interactions
WHERE created_at >= $from AND agent IS NOT NULL
GROUP BY ALL
ORDER BY interaction_count DESC, agent, status;
