-- What the door has to know, each statement after its name. Instants are microseconds.

-- name: door_created
-- Creates answered since $since_us, in order: the id, whose it is, and the turn before.
-- The page first, then whose they are: a door that starts asks for all pages.
WITH made AS MATERIALIZED (
    SELECT interaction, exchange, previous_interaction_id, seen_at
    FROM observations
    WHERE
        how = 'created'
        AND interaction_id IS NOT NULL
        AND seen_at >= make_timestamp($since_us)
    ORDER BY seen_at, interaction
    LIMIT $limit
)

SELECT
    made.interaction,
    exchanges.client,
    made.previous_interaction_id AS previous,
    epoch_us(made.seen_at) AS at_us
FROM made
INNER JOIN exchanges ON exchanges.exchange = made.exchange
-- It ended when that was seen, or later: so only the newest exchanges are read.
WHERE exchanges.ended_at >= make_timestamp($since_us) - INTERVAL 1 MINUTE
ORDER BY made.seen_at, made.interaction;

-- name: door_held
-- What holds in force protect, behind $after: what they name and all turns before it; and whether later turns are, too.
SELECT interaction, bool_or(is_conversation) AS is_conversation
FROM protected_interactions
WHERE interaction > $after
GROUP BY interaction
ORDER BY interaction
LIMIT $limit;

-- name: door_leaving
-- Interactions whose deletion at Google is in one of $states, behind $after.
WITH told AS (
    SELECT interaction, arg_max(data ->> '$.state', seen_at) AS state
    FROM acts
    WHERE kind = 'disposal' AND interaction IS NOT NULL
    GROUP BY interaction
)

SELECT interaction
FROM told
WHERE list_contains($states, state) AND interaction > $after
ORDER BY interaction
LIMIT $limit;

-- name: door_news
-- Whether holds or deletions may be others than at the last look: other numbers than then.
SELECT count(*) AS acts, epoch_us(max(seen_at)) AS last_us
FROM acts
WHERE kind IN ('hold', 'release', 'disposal') AND seen_at >= make_timestamp($since_us);
