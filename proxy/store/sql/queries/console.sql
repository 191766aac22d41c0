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
WITH page AS (
    SELECT
        root_hash,
        first_interaction,
        last_interaction,
        last_status,
        turn_count,
        started_at,
        last_at,
        models,
        total_tokens,
        deleted_count,
        count(*) OVER () AS found_count
    FROM conversations
    WHERE last_at >= $since AND last_at < $until AND turn_count >= $turns
    ORDER BY last_at DESC, root_hash
    LIMIT $limit OFFSET $offset
),

priced AS (
    SELECT
        told.root_hash,
        sum(lines.amount_pico_usd)::HUGEINT AS cost_pico_usd,
        bool_and(lines.amount_pico_usd IS NOT NULL) AS is_cost_complete
    FROM interactions AS told
    INNER JOIN cost_lines AS lines
        ON told.id_hash = lines.id_hash AND told.interaction = lines.interaction
    WHERE told.root_hash IN (SELECT page.root_hash FROM page)
    GROUP BY told.root_hash
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
