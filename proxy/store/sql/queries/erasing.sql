-- What an erasure and a hold have to know, each statement after its name. Parameters are bound by name.

-- name: erasing_named
-- Interactions of that name, or beginning with it.
SELECT DISTINCT interaction
FROM observations
WHERE interaction = $named OR starts_with(interaction, $named)
ORDER BY interaction != $named, interaction
LIMIT 3;

-- name: erasing_labelled
-- Interactions with a label, by its digest.
SELECT DISTINCT interaction
FROM observations
WHERE label_index IS NOT NULL AND list_contains(string_split(label_index, ','), $label)
ORDER BY interaction;

-- name: erasing_turns
-- All turns of the conversations that these interactions belong to, with the turn before each.
WITH RECURSIVE told AS MATERIALIZED (
    SELECT
        interaction,
        max(previous_interaction_id) AS previous,
        max(root_hash) AS root_hash
    FROM observations
    GROUP BY interaction
),

kin AS (
    SELECT
        told.interaction,
        told.previous,
        told.root_hash
    FROM told
    WHERE told.interaction IN (SELECT unnest($interactions::VARCHAR[]))
    UNION
    SELECT
        told.interaction,
        told.previous,
        told.root_hash
    FROM kin
    INNER JOIN told
        ON told.root_hash = kin.root_hash
        OR told.previous = kin.interaction
        OR told.interaction = kin.previous
)

SELECT
    interaction,
    previous
FROM kin
ORDER BY interaction;

-- name: erasing_carriers
-- Every exchange that holds content of these interactions, with all interactions that it holds content of.
-- Those that were erased before are not named again.
WITH carried AS MATERIALIZED (
    SELECT
        exchange,
        interaction,
        how
    FROM carries
)

SELECT
    carried.exchange,
    carried.interaction,
    carried.how
FROM carried
WHERE carried.exchange IN (
    SELECT wanted.exchange
    FROM carried AS wanted
    WHERE wanted.interaction IN (SELECT unnest($interactions::VARCHAR[]))
)
    AND carried.exchange NOT IN (SELECT erased_exchanges.exchange FROM erased_exchanges)
ORDER BY carried.exchange, carried.interaction;

-- name: erasing_holds
-- Holds in force.
SELECT
    hold,
    interaction,
    is_conversation
FROM holds
WHERE released_at IS NULL
ORDER BY placed_at, hold;

-- name: holds_listed
-- All holds, the latest first, those in force before the others.
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
ORDER BY released_at IS NOT NULL, placed_at DESC, hold;

-- name: erasing_deferred
-- Interactions that were to be erased, and were held.
SELECT
    interaction,
    erasure,
    actor,
    reason
FROM erasures_deferred
ORDER BY interaction, erasure;

-- name: erasing_told
-- Erasures that the tables know to be done.
SELECT DISTINCT json_extract_string(data, '$.erasure') AS erasure
FROM acts
WHERE kind = 'erased' AND json_extract_string(data, '$.erasure') IS NOT NULL;

-- name: erasing_searched
-- Every exchange whose content is there: where a pointer is looked for.
SELECT
    observations.exchange,
    observations.interaction,
    exchanges.raw_ref
FROM observations
INNER JOIN exchanges ON exchanges.exchange = observations.exchange
WHERE observations.exchange NOT IN (SELECT erased_exchanges.exchange FROM erased_exchanges)
ORDER BY observations.exchange, observations.interaction;
