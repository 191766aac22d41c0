-- Statements that the steward asks, each after its name. Parameters are bound by name.

-- name: unfinished_since
-- What to finish of what the clients $scope (fingerprints) made, heard of since $since_us
-- (microseconds), the longest waiting first.
-- Interactions that were given up are not shown again.
SELECT
    interaction,
    client,
    api_version,
    api_revision,
    epoch_us(last_at) AS last_at,
    epoch_us(notified_at) AS notified_at,
    epoch_us(deleted_at) AS deleted_at,
    attempts,
    epoch_us(attempted_at) AS attempted_at,
    not_found_count,
    retry_after_s
FROM unfinished_since(make_timestamp($since_us))
WHERE
    given_up IS NULL AND is_reachable AND api_version IS NOT NULL
    AND list_contains($scope, client)
ORDER BY last_at
LIMIT $limit;

-- name: unfinished_news
-- Whether there may be more to finish than at the last look: other numbers than then.
SELECT
    count(*) AS count,
    epoch_us(max(seen_at)) AS last_at
FROM observations
WHERE seen_at >= make_timestamp($since_us) AND NOT is_terminal;

-- name: act_known
-- Whether an act with the id $act was recorded.
SELECT count(*) > 0 AS is_known
FROM acts
WHERE act = $act;

-- name: gap_of
-- Why the end of $interaction is missing; no row: it is not.
SELECT
    why,
    attempts,
    last_at
FROM unfinished
WHERE interaction = $interaction;

-- name: orphan_gap_of
-- The same of $interaction, a create whose id nobody received; no row: nothing was made, as far as known.
SELECT
    'its id reached nobody; it may exist until ' || strftime(suspect_until, '%Y-%m-%d') AS why,
    0 AS attempts,
    started_at AS last_at
FROM orphan_suspects
WHERE interaction = $interaction;
