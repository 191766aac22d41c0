-- What `drift` asks.

-- name: drift_since
-- What was met for the first time at $since or later (NULL: ever), the newest first.
SELECT
    kind,
    name,
    place,
    count,
    exchange_count,
    first_seen_at,
    last_seen_at,
    first_exchange,
    first_interaction,
    operations,
    sdks,
    api_versions,
    api_revisions
FROM drift
WHERE CAST($since AS TIMESTAMP) IS NULL OR first_seen_at >= CAST($since AS TIMESTAMP)
ORDER BY first_seen_at DESC, kind, name, place;
