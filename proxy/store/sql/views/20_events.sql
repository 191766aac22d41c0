-- One log of events out of many deliveries: what was streamed, cut, resumed and streamed again counts once.
--
-- An event's place is counted in events with an id: from the first delivery's beginning, or from behind the
-- event that a resumed stream named. An event without an id has its place behind the one before. Streams
-- without ids begin at the beginning, so their events count through. The rules are those of
-- proxy/recording/merging/log.py, which tests compare; only tellings that contradict each other are not
-- kept apart here: at one place stands the event of the delivery that reached the end, else of the longest.

CREATE OR REPLACE VIEW placed_events AS
WITH RECURSIVE resumes AS (
    SELECT
        exchange,
        interaction,
        resumed_after,
        started_at
    FROM exchanges
    WHERE resumed_after IS NOT NULL
),

ranked AS NOT MATERIALIZED (
    SELECT
        interaction,
        exchange,
        event_index,
        event_id,
        count(event_id) OVER (PARTITION BY interaction, exchange ORDER BY event_index) AS rank
    FROM events
    WHERE interaction IN (SELECT resumes.interaction FROM resumes)
),

begun AS (
    SELECT
        ranked.interaction,
        ranked.exchange,
        arg_min(ranked.event_id, ranked.event_index) AS first_event_id,
        any_value(exchanges.resumed_after) AS resumed_after,
        any_value(exchanges.started_at) AS started_at
    FROM ranked
    INNER JOIN exchanges ON exchanges.exchange = ranked.exchange
    GROUP BY ranked.interaction, ranked.exchange
),

-- What a resumed delivery goes on with: the event it named, or the one it begins with. It is tied to
-- deliveries from the beginning and to earlier ones, so nothing goes round in a circle.
ties AS (
    SELECT
        later.interaction,
        later.exchange,
        ranked.exchange AS parent,
        ranked.rank - CASE WHEN ranked.event_id = later.first_event_id THEN 1 ELSE 0 END AS shift
    FROM begun AS later
    INNER JOIN ranked
        ON ranked.interaction = later.interaction
        AND ranked.exchange != later.exchange
        AND ranked.event_id != '(odd)'
        AND (ranked.event_id = later.resumed_after OR ranked.event_id = later.first_event_id)
    INNER JOIN begun AS parents
        ON parents.interaction = ranked.interaction AND parents.exchange = ranked.exchange
    WHERE later.resumed_after IS NOT NULL
        AND (
            parents.resumed_after IS NULL
            OR (parents.started_at, parents.exchange) < (later.started_at, later.exchange)
        )
),

-- Where a delivery begins. One that nothing ties to others begins an island of its own, far behind.
based AS (
    SELECT
        begun.interaction,
        begun.exchange,
        CASE
            WHEN begun.resumed_after IS NULL THEN 0
            ELSE 1000000000 * row_number() OVER (
                PARTITION BY begun.interaction, begun.resumed_after IS NULL
                ORDER BY begun.started_at, begun.exchange
            )
        END AS base
    FROM begun
    WHERE begun.resumed_after IS NULL
        OR NOT EXISTS (
            SELECT 1
            FROM ties
            WHERE ties.interaction = begun.interaction AND ties.exchange = begun.exchange
        )
    UNION
    SELECT
        ties.interaction,
        ties.exchange,
        based.base + ties.shift AS base
    FROM based
    INNER JOIN ties ON ties.interaction = based.interaction AND ties.parent = based.exchange
),

bases AS (
    SELECT
        interaction,
        exchange,
        min(base) AS base
    FROM based
    GROUP BY interaction, exchange
),

counted AS (
    SELECT
        events.interaction,
        events.exchange,
        events.event_index,
        events.seen_at,
        events.event_type,
        events.is_known,
        events.event_id,
        events.step_index,
        events.delta_type,
        events.body_offset,
        events.data_bytes,
        count(events.event_id) OVER told AS rank,
        count(*) OVER told AS nth,
        max(CASE WHEN events.event_id IS NOT NULL THEN events.event_index END) OVER told
            AS last_named,
        count(*) OVER whole AS event_count,
        bool_or(events.event_type IN ('interaction.completed', 'interaction.complete')) OVER whole
            AS has_end
    FROM events
    WHERE events.interaction IS NOT NULL
    WINDOW
        told AS (PARTITION BY events.interaction, events.exchange ORDER BY events.event_index),
        whole AS (PARTITION BY events.interaction, events.exchange)
),

keyed AS (
    SELECT
        counted.interaction,
        counted.exchange,
        counted.event_index,
        counted.seen_at,
        counted.event_type,
        counted.is_known,
        counted.event_id,
        counted.step_index,
        counted.delta_type,
        counted.body_offset,
        counted.data_bytes,
        counted.has_end,
        counted.event_count,
        coalesce(bases.base, 0) + counted.rank AS major,
        CASE
            WHEN counted.last_named IS NULL THEN counted.nth
            ELSE counted.event_index - counted.last_named
        END AS minor
    FROM counted
    LEFT JOIN bases
        ON bases.interaction = counted.interaction AND bases.exchange = counted.exchange
),

-- Behind the end comes nothing; an error without an id that others come behind ended a delivery only.
judged AS (
    SELECT
        COLUMNS(*),
        major > coalesce(
            min(major) FILTER (
                WHERE event_type IN ('interaction.completed', 'interaction.complete')
            ) OVER (PARTITION BY interaction),
            major
        )
        OR (
            event_type IN ('error', 'interaction.error')
            AND event_id IS NULL
            AND major > 0
            AND max(major) OVER (PARTITION BY interaction) > major
        ) AS is_aside
    FROM keyed
)

SELECT
    COLUMNS(*),
    CASE
        WHEN NOT is_aside
            THEN dense_rank() OVER (PARTITION BY interaction, is_aside ORDER BY major, minor)
    END AS place
FROM judged;
COMMENT ON VIEW placed_events IS
    'Every delivered event with its place in the one log. For the views, not for people.';

CREATE OR REPLACE VIEW interaction_events AS
WITH best AS (
    SELECT
        COLUMNS(*),
        min(seen_at) OVER (PARTITION BY interaction, place) AS first_seen_at,
        count(*) OVER (PARTITION BY interaction, place) AS delivery_count
    FROM placed_events
    WHERE NOT is_aside
    QUALIFY
        row_number() OVER (
            PARTITION BY interaction, place
            ORDER BY has_end DESC, event_count DESC, seen_at, exchange
        ) = 1
)

SELECT
    interaction,
    place,
    event_type,
    event_id,
    step_index,
    delta_type,
    first_seen_at AS seen_at,
    data_bytes,
    delivery_count,
    -- Between this event and the one before, something is missing.
    major > 1 + coalesce(lag(major) OVER (PARTITION BY interaction ORDER BY place), 0)
        AS is_after_gap,
    is_known,
    exchange,
    event_index,
    body_offset
FROM best;
COMMENT ON VIEW interaction_events IS
    'The events of an interaction, each once, in order, however often the stream was cut and resumed.';

CREATE OR REPLACE VIEW deliveries AS
SELECT
    placed_events.interaction,
    placed_events.exchange,
    exchanges.started_at,
    exchanges.operation,
    exchanges.client,
    exchanges.sdk,
    exchanges.purpose,
    exchanges.outcome,
    exchanges.resumed_after,
    count(*) AS event_count,
    min(placed_events.place) AS first_place,
    max(placed_events.place) AS last_place,
    arg_min(placed_events.event_id, placed_events.event_index) AS first_event_id,
    arg_max(placed_events.event_id, placed_events.event_index) AS last_event_id,
    bool_or(placed_events.has_end) AS has_end
FROM placed_events
INNER JOIN exchanges ON exchanges.exchange = placed_events.exchange
GROUP BY ALL;
COMMENT ON VIEW deliveries IS
    'Which part of the one log of events (places from 1) which exchange brought, and to whom.';

CREATE OR REPLACE VIEW divergences AS
WITH told AS (
    SELECT
        interaction,
        id_hash,
        exchange,
        seen_at,
        how,
        is_streaming,
        answer_mac,
        output_step_count
    FROM observations
    WHERE answer_mac IS NOT NULL
),

-- An id that names no time of creation compares under the key of the exchange's day.
pairs AS (
    SELECT
        one.interaction,
        one.id_hash,
        one.exchange AS told_by,
        one.is_streaming AS is_told_streaming,
        other.exchange AS shown_by,
        other.is_streaming AS is_shown_streaming,
        other.seen_at,
        one.output_step_count AS told_step_count,
        other.output_step_count AS shown_step_count
    FROM told AS one
    INNER JOIN told AS other
        ON one.id_hash = other.id_hash
        AND one.interaction = other.interaction
        AND one.answer_mac != other.answer_mac
        AND (one.seen_at, one.exchange) < (other.seen_at, other.exchange)
        AND (
            starts_with(one.interaction, 'v1_')
            OR one.seen_at::DATE = other.seen_at::DATE
        )
    QUALIFY
        row_number() OVER (
            PARTITION BY one.id_hash, one.interaction, other.exchange
            ORDER BY one.seen_at, one.exchange
        ) = 1
),

compared AS (
    SELECT
        pairs.interaction,
        pairs.told_by,
        pairs.shown_by,
        told_step.step_index,
        concat_ws(
            ',',
            CASE WHEN told_step.type IS DISTINCT FROM shown_step.type THEN 'type' END,
            CASE WHEN told_step.name IS DISTINCT FROM shown_step.name THEN 'name' END,
            CASE WHEN told_step.call_id IS DISTINCT FROM shown_step.call_id THEN 'call_id' END,
            CASE WHEN told_step.is_error IS DISTINCT FROM shown_step.is_error THEN 'is_error' END,
            CASE
                WHEN told_step.text_bytes IS DISTINCT FROM shown_step.text_bytes THEN 'text'
            END,
            CASE
                WHEN told_step.media_count IS DISTINCT FROM shown_step.media_count THEN 'media'
            END,
            CASE
                WHEN told_step.annotation_count IS DISTINCT FROM shown_step.annotation_count
                    THEN 'annotations'
            END,
            CASE
                WHEN told_step.item_count IS DISTINCT FROM shown_step.item_count THEN 'items'
            END
        ) AS what
    FROM pairs
    INNER JOIN steps AS told_step
        ON told_step.id_hash = pairs.id_hash
        AND told_step.exchange = pairs.told_by
        AND told_step.side = 'output'
    LEFT JOIN steps AS shown_step
        ON shown_step.id_hash = pairs.id_hash
        AND shown_step.exchange = pairs.shown_by
        AND shown_step.side = 'output'
        AND shown_step.step_index = told_step.step_index
),

first_steps AS (
    SELECT
        interaction,
        told_by,
        shown_by,
        min(step_index) AS step_index,
        arg_min(what, step_index) AS what
    FROM compared
    WHERE what != ''
    GROUP BY interaction, told_by, shown_by
)

SELECT
    pairs.interaction,
    pairs.told_by,
    pairs.is_told_streaming,
    pairs.shown_by,
    pairs.is_shown_streaming,
    pairs.seen_at,
    pairs.told_step_count,
    pairs.shown_step_count,
    first_steps.step_index,
    coalesce(
        first_steps.what,
        CASE
            WHEN pairs.told_step_count != pairs.shown_step_count THEN 'count'
            ELSE 'content'
        END
    ) AS what,
    pairs.id_hash
FROM pairs
LEFT JOIN first_steps
    ON first_steps.interaction = pairs.interaction
    AND first_steps.told_by = pairs.told_by
    AND first_steps.shown_by = pairs.shown_by;
COMMENT ON VIEW divergences IS
    'Answers that were shown otherwise than they were first told, and the first step that differs.';
