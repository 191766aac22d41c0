-- Statements of the console's calendar and of its page on health, each after its name. Parameters are bound by name.

-- name: calendar_days
-- Copies at Google that may still be there, by what happens to them on which day between $since and $until; what
-- happens earlier or later counts for the days before and behind.
WITH stored AS MATERIALIZED (
    SELECT expires_earliest, expires_latest, due_at
    FROM audit.retention
    WHERE is_stored AND deleted_at IS NULL AND coalesce(NOT list_contains($finals, state), TRUE)
),

told AS (
    SELECT 'may_expire' AS lane, expires_earliest AS happens_at FROM stored
    UNION ALL
    SELECT 'gone_by', expires_latest FROM stored
    UNION ALL
    SELECT 'due', due_at FROM stored WHERE due_at IS NOT NULL
)

SELECT
    lane,
    least(greatest(happens_at::DATE, $since::DATE - 1), $until::DATE + 1) AS day,
    count(*) AS count
FROM told
WHERE happens_at IS NOT NULL
GROUP BY ALL
ORDER BY lane, day;

-- name: calendar_copies
-- The copies behind one field of the calendar, the earliest first: $lane, from $since on, before $until.
SELECT
    interaction,
    client,
    store,
    began_at,
    expires_earliest,
    expires_latest,
    due_at,
    state,
    flags,
    needs_person,
    is_held,
    CASE $lane
        WHEN 'may_expire' THEN expires_earliest
        WHEN 'gone_by' THEN expires_latest
        ELSE due_at
    END AS happens_at
FROM audit.retention
WHERE
    is_stored
    AND deleted_at IS NULL
    AND coalesce(NOT list_contains($finals, state), TRUE)
    AND happens_at >= $since
    AND happens_at < $until
ORDER BY happens_at, interaction
LIMIT $limit OFFSET $offset;

-- name: calendar_now
-- How copies stand at $now: at Google and here.
SELECT
    count(*) FILTER (WHERE is_stored AND is_there AND expires_latest > $now) AS upstream_count,
    count(*) FILTER (WHERE is_there AND due_at < $now AND NOT is_held) AS overdue_count,
    count(*) FILTER (WHERE is_there AND due_at >= $now) AS scheduled_count,
    count(*) FILTER (WHERE is_there AND needs_person) AS person_count,
    count(*) FILTER (WHERE is_stored AND is_there AND contains(coalesce(flags, ''), 'overstay')) AS overstay_count,
    count(*) FILTER (WHERE deleted_at IS NOT NULL OR state = 'deleted_verified') AS deleted_count,
    count(*) AS interaction_count,
    (SELECT count(*) FROM audit.holds WHERE released_at IS NULL) AS hold_count,
    (SELECT count(*) FROM audit.erased) AS erased_count
FROM (
    SELECT
        *,
        deleted_at IS NULL AND coalesce(NOT list_contains($finals, state), TRUE) AS is_there
    FROM audit.retention
);

-- name: calendar_subjects
-- What is kept here, by what policies look at and the hour it began. Of tools those of $types: of each its call and its
-- result, one behind the other, of at most 63 tools.
-- They are bits of a number while there is one an interaction: lists of a million did not fit the memory.
WITH used AS (
    SELECT id_hash, bit_or(1::BIGINT << ((list_position($types::VARCHAR[], type) - 1) // 2)) AS bits
    FROM steps
    WHERE list_contains($types::VARCHAR[], type)
    GROUP BY id_hash
),

counted AS (
    SELECT
        copies.client,
        copies.label_index AS labels,
        copies.model,
        copies.agent,
        used.bits,
        epoch_us(date_trunc('hour', copies.began_at)) AS began_us,
        count(*) AS count
    FROM copies
    LEFT JOIN used ON used.id_hash = copies.id_hash
    WHERE
        NOT copies.is_foreign
        AND copies.interaction NOT IN (SELECT erased_interactions.interaction FROM erased_interactions)
    GROUP BY ALL
    LIMIT $limit
)

SELECT
    client,
    labels,
    model,
    agent,
    array_to_string(
        list_filter($types::VARCHAR[], lambda type, place: (bits >> ((place - 1) // 2)) & 1 = 1), ','
    ) AS tools,
    began_us,
    count
FROM counted;

-- name: calendar_erasures
-- Erasures here, the latest first.
SELECT
    erasure,
    begun_at,
    actor,
    reason,
    interaction_count,
    exchange_count,
    held_count,
    quoted_count,
    gone_at
FROM audit.erasures
ORDER BY begun_at DESC, erasure
LIMIT $limit OFFSET $offset;

-- name: calendar_receipts
-- Signed receipts of deletions at Google, the latest first.
SELECT
    act,
    interaction,
    made_at,
    outcome,
    is_verified,
    nothing_left,
    key,
    signature,
    data
FROM audit.receipts
ORDER BY made_at DESC, act
LIMIT $limit OFFSET $offset;

-- name: calendar_deferred
-- What waits until its holds end, the earliest name first.
SELECT DISTINCT interaction, erasure, actor, reason
FROM erasures_deferred
ORDER BY interaction, erasure
LIMIT $limit;

-- name: health_gaps
-- What passed unrecorded since $since and became known: gaps, exchanges, and the last of them.
SELECT
    count(*) AS gap_count,
    coalesce(sum(exchange_count), 0)::BIGINT AS exchange_count,
    max(seen_at) AS last_at
FROM audit.gaps
WHERE seen_at >= $since;

-- name: health_steward
-- Whether somebody cares for what clients leave, as it was last told.
SELECT
    seen_at,
    detail,
    data ->> '$.scope' AS scope
FROM acts
WHERE kind = 'capture' AND interaction IS NULL -- Of one interaction it is told that it is given up.
ORDER BY seen_at DESC
LIMIT 1;
