-- Traffic: exchanges as they were carried, how fast, by which software.

-- name: exchanges_latest
-- The latest exchanges of every kind.
-- param from instant = -1h: begun from then on
-- param to instant = now: begun before
-- param limit whole = 200: rows at most
SELECT
    exchange,
    started_at,
    operation,
    method,
    route,
    status,
    outcome,
    duration_ns / 1e6 AS duration_ms,
    interaction,
    client
FROM audit.exchanges
WHERE started_at >= $from AND started_at < $to
ORDER BY started_at DESC
LIMIT $limit;

-- name: exchanges_by_operation
-- Exchanges by operation and HTTP status.
-- param from instant = -7d: begun from then on
-- param to instant = now: begun before
SELECT
    operation,
    status,
    count(*) AS exchange_count,
    sum(request_bytes)::BIGINT AS request_bytes,
    sum(response_bytes)::BIGINT AS response_bytes
FROM audit.exchanges
WHERE started_at >= $from AND started_at < $to
GROUP BY ALL
ORDER BY exchange_count DESC, operation, status;

-- name: exchanges_cut
-- Exchanges that did not end whole: who left, and when.
-- param from instant = -7d: begun from then on
-- param limit whole = 200: rows at most
SELECT
    exchange,
    started_at,
    operation,
    outcome,
    detail,
    status,
    response_bytes,
    interaction
FROM audit.exchanges
WHERE started_at >= $from AND outcome != 'complete'
ORDER BY started_at DESC
LIMIT $limit;

-- name: exchanges_refused
-- Exchanges answered with an error, by code; own answers are the proxy's.
-- param from instant = -7d: begun from then on
SELECT
    status,
    coalesce(error_code, 'none') AS error_code,
    operation,
    is_own_answer,
    count(*) AS exchange_count,
    max(started_at) AS last_at
FROM audit.exchanges
WHERE started_at >= $from AND status >= 400
GROUP BY ALL
ORDER BY exchange_count DESC, status, error_code, operation;

-- name: exchanges_other_apis
-- What else than interactions passed: other operations of Google's API.
-- param from instant = -30d: begun from then on
SELECT
    operation,
    route,
    count(*) AS exchange_count,
    count(DISTINCT client) AS client_count,
    max(started_at) AS last_at
FROM audit.exchanges
WHERE started_at >= $from
    AND operation NOT IN ('create', 'get', 'resume', 'cancel', 'delete')
GROUP BY ALL
ORDER BY exchange_count DESC, route;

-- name: clients
-- Credentials (by fingerprint) with the software they were used from.
-- param from instant = -30d: begun from then on
SELECT
    coalesce(client, 'none') AS client,
    credential_kind,
    sdk,
    language,
    count(*) AS exchange_count,
    min(started_at) AS first_at,
    max(started_at) AS last_at
FROM audit.exchanges
WHERE started_at >= $from
GROUP BY ALL
ORDER BY exchange_count DESC, client, sdk;

-- name: latency_by_operation
-- Durations by operation: median, 95th and 99th percentile, longest.
-- param from instant = -24h: begun from then on
-- param to instant = now: begun before
SELECT
    operation,
    is_streaming,
    count(*) AS exchange_count,
    quantile_cont(duration_ns, 0.5) / 1e6 AS p50_ms,
    quantile_cont(duration_ns, 0.95) / 1e6 AS p95_ms,
    quantile_cont(duration_ns, 0.99) / 1e6 AS p99_ms,
    max(duration_ns) / 1e6 AS longest_ms
FROM audit.exchanges
WHERE started_at >= $from AND started_at < $to
GROUP BY ALL
ORDER BY exchange_count DESC, operation, is_streaming;

-- name: latency_first_event
-- Streams: time to the first event and longest silence, by model.
-- param from instant = -24h: begun from then on
SELECT
    coalesce(told.model, told.agent, 'unknown') AS model,
    count(*) AS stream_count,
    quantile_cont(carried.first_event_ns, 0.5) / 1e6 AS first_event_p50_ms,
    quantile_cont(carried.first_event_ns, 0.95) / 1e6 AS first_event_p95_ms,
    max(carried.longest_gap_ns) / 1e6 AS longest_silence_ms
FROM audit.exchanges AS carried
INNER JOIN audit.interactions AS told ON carried.exchange = told.create_exchange
WHERE carried.started_at >= $from AND carried.is_streaming
GROUP BY ALL
ORDER BY stream_count DESC, model;

-- name: slowest_steps
-- The steps of streams that took longest.
-- param from instant = -24h: begun from then on
-- param limit whole = 50: rows at most
SELECT
    interaction,
    place,
    type,
    name,
    started_at,
    duration_ns / 1e6 AS duration_ms
FROM timeline_in(FALSE, (SELECT list(late.id_hash) FROM interactions_since($from) AS late))
WHERE started_at >= $from AND duration_ns IS NOT NULL
ORDER BY duration_ns DESC
LIMIT $limit;

-- name: sdk_versions
-- SDK versions by exchanges, and when they were last seen.
-- param from instant = -30d: begun from then on
SELECT
    coalesce(sdk, 'unknown') AS sdk,
    language,
    api_revision,
    count(*) AS exchange_count,
    min(started_at) AS first_at,
    max(started_at) AS last_at
FROM audit.exchanges
WHERE started_at >= $from
GROUP BY ALL
ORDER BY exchange_count DESC, sdk, language;

-- name: retries
-- Creates that were sent again after a failure.
-- param from instant = -7d: begun from then on
-- param limit whole = 200: rows at most
SELECT
    started_at,
    exchange,
    attempt,
    retry_of,
    failed_status,
    failed_outcome,
    status,
    interaction,
    sdk
FROM audit.retries
WHERE started_at >= $from
ORDER BY started_at DESC, exchange
LIMIT $limit;

-- name: rate_limits
-- Answers 429, the wait they asked for, and when the caller came again.
-- param from instant = -7d: from then on
-- param limit whole = 200: rows at most
SELECT
    seen_at,
    exchange,
    operation,
    client,
    model,
    retry_after_s,
    retried_after_s
FROM audit.rate_limits
WHERE seen_at >= $from
ORDER BY seen_at DESC, exchange
LIMIT $limit;
