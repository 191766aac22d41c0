-- What the steward asks for, page by page where it may be much, each statement after its name.

-- name: policies_told
-- Since when each policy stands, in the order in which that was told.
SELECT data
FROM acts
WHERE kind = 'policy' AND json_extract(data, '$.standings') IS NOT NULL
ORDER BY seen_at, rowid;

-- name: probing_unsettled
-- Interactions of the clients $scope, created between $since_us and $until_us without a word about being stored, that
-- nobody was shown since, or went on from; probed less than $probes_max times, last before $again_us. The earliest first.
WITH fresh AS (
    SELECT
        observations.interaction,
        min(observations.seen_at) AS seen_at,
        any_value(exchanges.api_version) AS api_version,
        any_value(exchanges.api_revision) AS api_revision
    FROM observations
    INNER JOIN exchanges ON exchanges.exchange = observations.exchange
    WHERE
        observations.how = 'created'
        AND observations.store = 'inherited'
        AND observations.interaction_id IS NOT NULL
        AND observations.seen_at BETWEEN make_timestamp($since_us) AND make_timestamp($until_us)
        AND exchanges.started_at >= make_timestamp($since_us) - INTERVAL 1 DAY
        AND exchanges.status BETWEEN 200 AND 299
        AND exchanges.api_version IS NOT NULL
        AND list_contains($scope, exchanges.client)
    GROUP BY observations.interaction
),

shown AS (
    SELECT interaction
    FROM exchanges
    WHERE
        started_at >= make_timestamp($since_us)
        AND interaction IS NOT NULL
        AND (
            operation = 'delete'
            OR (operation IN ('get', 'cancel') AND status BETWEEN 200 AND 299)
        )
    UNION
    SELECT previous_interaction_id
    FROM observations
    WHERE
        how = 'created'
        AND interaction_id IS NOT NULL
        AND previous_interaction_id IS NOT NULL
        AND seen_at >= make_timestamp($since_us)
),

probed AS (
    SELECT interaction, count(*) AS times, max(seen_at) AS last_at
    FROM acts
    WHERE kind IN ('probe', 'disposal') AND interaction IS NOT NULL AND seen_at >= make_timestamp($since_us)
    GROUP BY interaction
)

SELECT fresh.interaction, fresh.api_version, fresh.api_revision
FROM fresh
LEFT JOIN probed ON probed.interaction = fresh.interaction
WHERE
    fresh.interaction NOT IN (SELECT shown.interaction FROM shown)
    AND (probed.times IS NULL OR (probed.times < $probes_max AND probed.last_at < make_timestamp($again_us)))
ORDER BY fresh.seen_at, fresh.interaction
LIMIT $limit;

-- name: disposal_kin
-- The turns of the conversations $roots, behind $after.
SELECT interaction, previous, state
FROM copies_among(NULL, $roots)
WHERE NOT is_foreign AND interaction > $after
ORDER BY interaction
LIMIT $limit;

-- name: disposal_behind
-- Turns that go on from those with these hashes, and their conversations: ids that name no first turn are tied by that alone.
SELECT DISTINCT interaction, root_hash AS root
FROM observations
WHERE
    how = 'created'
    AND interaction_id IS NOT NULL
    AND previous_hash IN (SELECT unnest(string_split($hashes, ',')::UBIGINT[]))
    AND interaction > $after
ORDER BY interaction
LIMIT $limit;

-- name: disposal_held
-- Interactions that holds protect now, behind $after.
SELECT DISTINCT interaction
FROM protected_interactions
WHERE interaction > $after
ORDER BY interaction
LIMIT $limit;
