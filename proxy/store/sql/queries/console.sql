-- Statements that the console's pages ask, each after its name. Parameters are bound by name.

-- name: console_steps
-- The sealed steps of $interactions, in order.
SELECT
    interaction,
    place,
    side,
    type,
    content_ref
FROM timeline
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
WHERE previous_interaction_id = $interaction
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
    raw_ref
FROM exchanges
WHERE exchange = $exchange;

-- name: console_media
-- The interaction to which a sealed media object belongs.
SELECT
    interaction,
    type,
    mime_type
FROM media
WHERE content_ref = $ref
LIMIT 1;
