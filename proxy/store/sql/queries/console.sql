-- Statements that the console's pages ask, each after its name. Parameters are bound by name.

-- name: console_steps
-- The sealed steps of $interactions, in order.
SELECT
    interaction,
    place,
    side,
    type,
    content_ref
FROM timeline_in(FALSE, list_transform($interactions::VARCHAR[], lambda named: hash_of(named)))
WHERE list_contains($interactions, interaction) AND content_ref IS NOT NULL
ORDER BY interaction, place;

-- name: console_acts
-- What was decided about $interaction, or done to it, the earliest first. At most $limit.
SELECT
    seen_at,
    kind,
    act,
    actor,
    detail,
    data
FROM acts
WHERE interaction = $interaction
ORDER BY seen_at, act
LIMIT $limit;

-- name: console_next
-- Interactions that go on from $interaction, the earliest first. At most $limit.
SELECT
    interaction,
    created_at,
    status,
    coalesce(model, agent) AS model
FROM interactions
WHERE previous_hash = hash_of($interaction) AND previous_interaction_id = $interaction
ORDER BY created_at, interaction
LIMIT $limit;

-- name: console_exchange
-- One exchange, whatever it was about.
SELECT
    exchange,
    started_at,
    operation,
    method,
    route,
    status,
    outcome,
    interaction,
    raw_ref,
    trace_id
FROM exchanges
WHERE sequence = number_of($exchange) AND exchange = $exchange;

-- name: console_media
-- The interaction to which a sealed media object belongs.
SELECT
    interaction,
    type,
    mime_type
FROM media
WHERE content_ref = $ref
LIMIT 1;

-- name: console_conversations
-- Conversations of at least $turns turns that were told of in a time, the latest first, with what they cost.
-- What else is told of them is put together for one page alone: of all of them it is more than the memory.
WITH late AS MATERIALIZED (
    SELECT
        root_hash,
        max(coalesce(ended_at, last_seen_at)) AS last_at
    FROM interactions
    GROUP BY root_hash
    HAVING max(coalesce(ended_at, last_seen_at)) BETWEEN $since AND $until - INTERVAL 1 MICROSECOND
        AND count(*) >= $turns
),

picked AS MATERIALIZED (
    SELECT
        root_hash,
        (SELECT count(*) FROM late) AS found_count
    FROM late
    ORDER BY last_at DESC, root_hash
    LIMIT $limit OFFSET $offset
),

turns AS MATERIALIZED (
    SELECT
        told.interaction,
        told.id_hash,
        told.root_hash,
        told.created_at,
        coalesce(told.ended_at, told.last_seen_at) AS last_at,
        told.status,
        coalesce(told.model, told.agent) AS model,
        told.total_tokens,
        told.deleted_at,
        picked.found_count
    FROM interactions AS told
    INNER JOIN picked ON picked.root_hash = told.root_hash
    WHERE told.created_at < 'infinity'::TIMESTAMP  -- it is; but rows that are the same twice would be kept for both
),

page AS (
    SELECT
        root_hash,
        arg_min(interaction, created_at) AS first_interaction,
        arg_max(interaction, created_at) AS last_interaction,
        arg_max(status, created_at) AS last_status,
        count(*) AS turn_count,
        min(created_at) AS started_at,
        max(last_at) AS last_at,
        list_sort(list(DISTINCT model)) AS models,
        sum(total_tokens)::BIGINT AS total_tokens,
        count(deleted_at) AS deleted_count,
        any_value(found_count) AS found_count
    FROM turns
    GROUP BY root_hash
),

priced AS (
    SELECT
        turns.root_hash,
        sum(sums.amount_pico_usd)::HUGEINT AS cost_pico_usd,
        bool_and(sums.unpriced_count = 0) AS is_cost_complete
    FROM turns
    INNER JOIN cost_sums AS sums
        ON turns.id_hash = sums.id_hash AND turns.interaction = sums.interaction
    WHERE sums.id_hash IN (SELECT wanted.id_hash FROM turns AS wanted)
    GROUP BY turns.root_hash
)

SELECT
    page.*,
    priced.cost_pico_usd,
    priced.is_cost_complete
FROM page
LEFT JOIN priced ON page.root_hash = priced.root_hash
ORDER BY page.last_at DESC, page.root_hash;

-- name: console_holds
-- Holds, the latest first: those in force, or those released.
SELECT
    hold,
    interaction,
    is_conversation,
    placed_at,
    actor,
    reason,
    released_at,
    released_by
FROM holds
WHERE (released_at IS NULL) = $is_in_force
ORDER BY placed_at DESC, hold
LIMIT $limit OFFSET $offset;
