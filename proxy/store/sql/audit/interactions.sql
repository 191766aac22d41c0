-- Interactions: which there were, how they ended, what is still open.

-- name: interactions_latest
-- The latest interactions with state, tokens and duration.
-- param from instant = -24h: created from then on
-- param to instant = now: created before
-- param limit whole = 100: rows at most
SELECT
    interaction,
    created_at,
    status,
    model,
    agent,
    total_tokens,
    create_duration_ns / 1e9 AS duration_s,
    is_background,
    is_streaming,
    store,
    error_code,
    client
FROM audit.interactions
WHERE created_at >= $from AND created_at < $to
ORDER BY created_at DESC
LIMIT $limit;

-- name: interactions_by_status
-- How many interactions are in each state.
-- param from instant = -7d: created from then on
-- param to instant = now: created before
SELECT
    coalesce(status, 'unknown') AS status,
    count(*) AS interaction_count,
    sum(total_tokens)::BIGINT AS total_tokens
FROM audit.interactions
WHERE created_at >= $from AND created_at < $to
GROUP BY ALL
ORDER BY interaction_count DESC, status;

-- name: interactions_failed
-- Interactions that ended with an error, or whose create was refused.
-- param from instant = -7d: created from then on
-- param to instant = now: created before
-- param limit whole = 200: rows at most
SELECT
    interaction,
    created_at,
    status,
    error_code,
    model,
    agent,
    client,
    create_exchange
FROM audit.interactions
WHERE created_at >= $from AND created_at < $to
    AND (error_code IS NOT NULL OR status = 'failed')
ORDER BY created_at DESC
LIMIT $limit;

-- name: interactions_open
-- Interactions whose end was never seen, the oldest first: background runs, abandoned polls.
-- param from instant = -30d: created from then on
-- param limit whole = 200: rows at most
SELECT
    interaction,
    created_at,
    last_seen_at,
    coalesce(status, 'unknown') AS status,
    model,
    agent,
    is_background,
    read_count
FROM audit.interactions
WHERE created_at >= $from AND NOT is_terminal
ORDER BY created_at
LIMIT $limit;

-- name: unfinished_interactions
-- Interactions whose end nobody saw: why it is missing, and what was done about it.
-- param from instant = -60d: told of from then on
-- param limit whole = 500: rows at most
SELECT
    interaction,
    status,
    is_background,
    client,
    why,
    attempts,
    last_answer,
    first_at,
    last_at
FROM audit.unfinished
WHERE last_at >= $from
ORDER BY first_at
LIMIT $limit;

-- name: interactions_waiting_for_tools
-- Interactions that wait for the result of a function and were not continued.
-- param from instant = -7d: created from then on
SELECT
    waiting.interaction,
    waiting.created_at,
    waiting.model,
    waiting.function_call_count
FROM audit.interactions AS waiting
WHERE waiting.created_at >= $from AND waiting.status = 'requires_action'
    AND waiting.interaction NOT IN (SELECT from_interaction FROM audit.lineage)
ORDER BY waiting.created_at;

-- name: interaction_steps
-- The steps of one interaction, in order.
-- param interaction text: its id
SELECT
    place,
    side,
    type,
    name,
    call_id,
    is_error,
    started_at,
    duration_ns / 1e6 AS duration_ms,
    text_bytes,
    media_count,
    error_code
FROM timeline
WHERE id_hash = hash_of($interaction) AND interaction = $interaction
ORDER BY place;

-- name: interaction_exchanges
-- Every exchange that told of one interaction: its create, polls, resumes, cancel, delete.
-- param interaction text: its id
SELECT
    exchange,
    started_at,
    operation,
    status,
    outcome,
    duration_ns / 1e6 AS duration_ms,
    request_bytes,
    response_bytes,
    event_count,
    purpose,
    client
FROM exchanges
INNER JOIN exchanges_telling(hash_of($interaction)) AS telling USING (exchange, interaction)
WHERE exchanges.sequence = telling.number AND interaction = $interaction
ORDER BY started_at, exchange;

-- name: conversations_latest
-- Conversations by their latest activity.
-- param from instant = -7d: active from then on
-- param limit whole = 100: rows at most
WITH active AS MATERIALIZED (  -- first, and their turns then: all together are many
    SELECT
        conversation,
        max(coalesce(ended_at, last_seen_at)) AS last_at
    FROM audit.interactions
    WHERE coalesce(ended_at, last_seen_at) >= $from
    GROUP BY conversation
    ORDER BY last_at DESC, conversation
    LIMIT $limit
)

SELECT
    turn.conversation,
    arg_min(turn.interaction, turn.created_at) AS first_interaction,
    arg_max(turn.interaction, turn.created_at) AS last_interaction,
    count(*) AS turn_count,
    min(turn.created_at) AS started_at,
    max(coalesce(turn.ended_at, turn.last_seen_at)) AS last_at,
    arg_max(turn.status, turn.created_at) AS last_status,
    sum(turn.total_tokens)::BIGINT AS total_tokens
FROM audit.interactions AS turn
WHERE turn.conversation IN (SELECT active.conversation FROM active)
GROUP BY turn.conversation
ORDER BY max(coalesce(turn.ended_at, turn.last_seen_at)) DESC, turn.conversation;

-- name: conversation_turns
-- All turns of the conversation that an interaction belongs to.
-- param interaction text: any of its turns
SELECT
    turn.interaction,
    turn.previous_interaction_id,
    turn.created_at,
    turn.status,
    turn.model,
    turn.total_tokens
FROM audit.interactions AS turn
WHERE turn.conversation IN (
    SELECT any_turn.root_hash
    FROM interactions AS any_turn
    WHERE any_turn.id_hash = hash_of($interaction) AND any_turn.interaction = $interaction
)
ORDER BY turn.created_at;

-- name: longest_conversations
-- Conversations with the most turns.
-- param from instant = -30d: active from then on
-- param limit whole = 50: rows at most
WITH longest AS MATERIALIZED (  -- first, and their turns then: to tell more of each takes more memory
    SELECT
        conversation,
        count(*) AS turn_count
    FROM audit.interactions
    GROUP BY conversation
    HAVING max(coalesce(ended_at, last_seen_at)) >= $from
    ORDER BY turn_count DESC, conversation
    LIMIT $limit
)

SELECT
    turn.conversation,
    arg_min(turn.interaction, turn.created_at) AS first_interaction,
    count(*) AS turn_count,
    min(turn.created_at) AS started_at,
    max(coalesce(turn.ended_at, turn.last_seen_at)) AS last_at,
    sum(turn.total_tokens)::BIGINT AS total_tokens
FROM audit.interactions AS turn
WHERE turn.conversation IN (SELECT longest.conversation FROM longest)
    -- It is; but were the rows the same as above, DuckDB 1.5.5 would read them once and keep all of them, for both.
    AND turn.created_at < 'infinity'::TIMESTAMP
GROUP BY turn.conversation
ORDER BY count(*) DESC, turn.conversation;

-- name: interactions_page
-- Interactions by any of their properties, the latest first, in pages.
-- param from instant = -30d: created from then on
-- param to instant = now: created before; for the next page the created_at of the last row, see before
-- param before text = : of the row at `to`, only ids below this one: the interaction of the last row
-- param status text = : only this; empty: any
-- param model text = : only this model or agent; empty: any
-- param client text = : only this credential; empty: any
-- param limit whole = 100: rows at most
SELECT
    interaction,
    created_at,
    ended_at,
    status,
    is_terminal,
    model,
    agent,
    client,
    store,
    is_background,
    is_streaming,
    total_tokens,
    function_call_count,
    error_code,
    previous_interaction_id,
    conversation,
    deleted_at
FROM audit.interactions
WHERE created_at >= $from
    AND CASE
        WHEN $before = '' THEN created_at < $to
        ELSE created_at < $to OR created_at = $to AND interaction < $before
    END
    AND ($status = '' OR status = $status)
    AND ($model = '' OR coalesce(model, agent) = $model)
    AND ($client = '' OR client = $client)
ORDER BY created_at DESC, interaction DESC
LIMIT $limit;
