-- Evidence: is everything recorded, what was odd, who looked, what lies at Google.

-- name: completeness_by_day
-- Per day (UTC): exchanges recorded, cut short, odd, and those that passed unrecorded.
-- param from instant = -30d: from that day on
-- param to instant = now: to that day
SELECT
    day,
    exchange_count,
    create_count,
    cut_count,
    problem_count,
    gap_count,
    exchange_count / nullif(exchange_count + gap_count, 0)::DOUBLE AS recorded_share
FROM audit.coverage
WHERE day >= $from::DATE AND day <= $to::DATE
ORDER BY day DESC;

-- name: gaps
-- What passed unrecorded, and why. No row is the good news.
-- param from instant = -30d: known from then on
-- param to instant = now: known before
SELECT
    seen_at,
    exchange_count,
    body_bytes,
    first_at,
    last_at,
    worker,
    reason
FROM audit.gaps
WHERE seen_at >= $from AND seen_at < $to
ORDER BY seen_at DESC;

-- name: acts_latest
-- What was decided or happened to the recording: modes, recoveries, damage, notices.
-- param from instant = -30d: from then on
-- param kind text = : only this kind; empty: all but the reading
-- param limit whole = 200: rows at most
SELECT
    seen_at,
    kind,
    actor,
    interaction,
    detail
FROM audit.acts
WHERE seen_at >= $from
    AND CASE WHEN $kind = '' THEN kind NOT IN ('access', 'query') ELSE kind = $kind END
ORDER BY seen_at DESC
LIMIT $limit;

-- name: access_log
-- Who read what, the latest first.
-- param from instant = -7d: from then on
-- param to instant = now: before
-- param actor text = : only this token; empty: all
-- param limit whole = 500: rows at most
SELECT
    seen_at,
    actor,
    role,
    kind,
    query,
    interaction,
    reason,
    row_count,
    content_count,
    outcome
FROM audit.access_log
WHERE seen_at >= $from AND seen_at < $to AND ($actor = '' OR actor = $actor)
ORDER BY seen_at DESC
LIMIT $limit;

-- name: access_of_interaction
-- Who was shown the content of one interaction.
-- param interaction text: its id
SELECT
    seen_at,
    actor,
    role,
    reason,
    content_count,
    outcome
FROM audit.access_log
WHERE interaction = $interaction AND kind = 'access'
ORDER BY seen_at DESC;

-- name: access_by_actor
-- How much each reader asked, and how often content was opened.
-- param from instant = -30d: from then on
SELECT
    actor,
    role,
    count(*) AS question_count,
    count(*) FILTER (WHERE kind = 'access') AS content_reading_count,
    sum(content_count)::BIGINT AS content_count,
    max(seen_at) AS last_at
FROM audit.access_log
WHERE seen_at >= $from
GROUP BY ALL
ORDER BY content_reading_count DESC, question_count DESC, actor;

-- name: problems_by_kind
-- Oddities in exchanges, by kind.
-- param from instant = -7d: from then on
SELECT
    kind,
    count(*) AS problem_count,
    count(DISTINCT exchange) AS exchange_count,
    max(seen_at) AS last_at
FROM audit.problems
WHERE seen_at >= $from
GROUP BY ALL
ORDER BY problem_count DESC, kind;

-- name: drift
-- What Google sent that this release has no name for, with its first and last day.
-- param from instant = -90d: from then on
SELECT
    kind,
    name,
    any_value(place) AS place,
    sum(count)::BIGINT AS times,
    min(seen_at) AS first_at,
    max(seen_at) AS last_at
FROM audit.unknowns
WHERE seen_at >= $from
GROUP BY kind, name
ORDER BY first_at DESC, kind, name;

-- name: stored_upstream_by_client
-- Interactions that Google was asked, or left, to store, and that were not deleted there, by credential.
-- param from instant = -60d: created from then on
SELECT
    coalesce(client, 'none') AS client,
    store,
    count(*) AS interaction_count,
    min(created_at) AS oldest_at,
    max(created_at) AS newest_at
FROM audit.interactions
WHERE created_at >= $from AND store IN ('true', 'inherited') AND deleted_at IS NULL
    AND interaction NOT LIKE 'exchange:%'
GROUP BY ALL
ORDER BY interaction_count DESC, client, store;

-- name: stored_upstream
-- Interactions that Google keeps, as far as known, the oldest first: what a deletion would have to reach.
-- param from instant = -60d: created from then on
-- param client text = : only this credential; empty: all
-- param limit whole = 1000: rows at most
SELECT
    interaction,
    created_at,
    store,
    client,
    coalesce(model, agent) AS model,
    is_terminal
FROM audit.interactions
WHERE created_at >= $from AND store IN ('true', 'inherited') AND deleted_at IS NULL
    AND interaction NOT LIKE 'exchange:%' AND ($client = '' OR client = $client)
ORDER BY created_at
LIMIT $limit;

-- name: deleted_upstream
-- Interactions that were deleted at Google, and how long they had lain there.
-- param from instant = -60d: deleted from then on
SELECT
    interaction,
    created_at,
    deleted_at,
    date_diff('second', created_at, deleted_at) AS lay_s,
    client
FROM audit.interactions
WHERE deleted_at >= $from
ORDER BY deleted_at DESC;

-- name: orphans
-- Creates that may have made an interaction whose id nobody received: nobody can delete it.
-- param from instant = -60d: begun from then on
SELECT
    started_at,
    exchange,
    reason,
    suspect_until,
    status,
    outcome,
    client,
    coalesce(model, agent) AS model,
    store,
    retried_by
FROM audit.orphans
WHERE started_at >= $from
ORDER BY started_at;

-- name: divergences
-- Answers that were shown otherwise than they were first told.
-- param from instant = -30d: seen from then on
SELECT
    seen_at,
    interaction,
    told_by,
    shown_by,
    step_index,
    what
FROM audit.divergences
WHERE seen_at >= $from
ORDER BY seen_at DESC, interaction;

-- name: content_held_by
-- Which exchanges hold content of one interaction: what an erasure has to reach.
-- param interaction text: its id
SELECT
    held.exchange,
    held.how,
    carried.started_at,
    carried.operation,
    carried.interaction AS about
FROM carries_of(hash_of($interaction), $interaction) AS held
INNER JOIN audit.exchanges AS carried ON held.exchange = carried.exchange
ORDER BY carried.started_at, held.exchange, held.how;
