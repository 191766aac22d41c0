-- What keepings look at, each statement after its name.

-- name: keeping_subjects
-- Of the interactions $names, one a line: what policies look at, when they began and when they were first told of, microseconds.
WITH wanted AS MATERIALIZED (
    SELECT hash_of(unnest(string_split($names, chr(10)))) AS id_hash
),

used AS (
    SELECT interaction, string_agg(DISTINCT type, ',' ORDER BY type) AS tools
    FROM steps
    WHERE
        steps.rowid IN (
            SELECT own.rowid FROM steps AS own WHERE own.id_hash IN (SELECT wanted.id_hash FROM wanted)
        )
        AND (ends_with(type, '_call') OR ends_with(type, '_result'))
    GROUP BY interaction
)

SELECT
    copies.interaction,
    copies.client,
    copies.label_index AS label,
    copies.model,
    copies.agent,
    used.tools,
    epoch_us(copies.began_at) AS began_us,
    epoch_us(copies.seen_at) AS seen_us
FROM copies_among($names, NULL) AS copies
LEFT JOIN used ON used.interaction = copies.interaction;

-- name: locks_told
-- Keepings that nobody may shorten, in the order in which they were told.
SELECT data
FROM acts
WHERE kind = 'policy' AND json_extract(data, '$.lock') IS NOT NULL
ORDER BY seen_at, rowid;

-- name: keeping_clock
-- The latest instant on record, and, of upstream's answers from $since_us to $until_us, the least difference of its clock to ours.
WITH dated AS (
    SELECT
        epoch_us(date_at) - epoch_us(started_at) - response_head_ns // 1000 AS skew
    FROM exchanges
    WHERE
        date_at IS NOT NULL
        AND NOT is_own_answer
        AND started_at BETWEEN make_timestamp($since_us) AND make_timestamp($until_us)
)

SELECT
    coalesce(
        greatest(
            (SELECT epoch_us(max(ended_at)) FROM exchanges),
            (SELECT epoch_us(max(seen_at)) FROM acts)
        ),
        0
    ) AS latest_us,
    (SELECT arg_min(skew, abs(skew))::BIGINT FROM dated) AS skew_us;

-- name: own_copy_of
-- How far our own copy of $interaction is: when it was erased, by which erasure, what holds it, whether one waits for it.
SELECT
    (
        SELECT epoch_us(erased.erased_at)
        FROM erased_interactions AS erased
        WHERE erased.interaction = $interaction
    ) AS erased_us,
    (
        SELECT erased.erasure
        FROM erased_interactions AS erased
        WHERE erased.interaction = $interaction
    ) AS erasure,
    (
        SELECT string_agg(DISTINCT held.hold, ',' ORDER BY held.hold)
        FROM protected_interactions AS held
        WHERE held.interaction = $interaction
    ) AS holds,
    (
        SELECT count(*) > 0
        FROM erasures_deferred AS waiting
        WHERE waiting.interaction = $interaction AND waiting.exchange IS NULL
    ) AS is_wanted;

-- name: held_outlook
-- What becomes of Google's copies of what $hold protects, and whether ours are whole. Instants are microseconds.
WITH held AS MATERIALIZED (
    SELECT DISTINCT interaction FROM protected_interactions WHERE hold = $hold
),

project AS (
    SELECT
        coalesce(arg_max(data ->> '$.shortest_days', seen_at)::INTEGER, 1) AS shortest,
        coalesce(arg_max(data ->> '$.longest_days', seen_at)::INTEGER, 55) AS longest
    FROM acts
    WHERE kind = 'policy' AND (data ->> '$.longest_days') IS NOT NULL
),

recorded AS (
    SELECT interaction, is_ended, is_stored, began_at, greatest(began_at, updated_at, continued_at) AS used_at
    FROM copies_among((SELECT string_agg(held.interaction, chr(10)) FROM held), NULL)
)

SELECT
    count(*) AS turns,
    count(*) FILTER (WHERE recorded.interaction IS NULL) AS unrecorded,
    count(*) FILTER (WHERE NOT recorded.is_ended) AS unfinished,
    epoch_us(min(recorded.began_at + to_days(project.shortest)) FILTER (WHERE recorded.is_stored)) AS earliest_us,
    epoch_us(max(recorded.used_at + to_days(project.longest + 1)) FILTER (WHERE recorded.is_stored)) AS latest_us
FROM held
LEFT JOIN recorded ON recorded.interaction = held.interaction
CROSS JOIN project;
