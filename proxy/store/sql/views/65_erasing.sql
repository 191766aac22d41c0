-- Holds and erasures, as acts tell of them.

CREATE OR REPLACE VIEW holds AS
WITH released AS (
    SELECT
        json_extract_string(data, '$.hold') AS hold,
        min(seen_at) AS released_at,
        min_by(actor, seen_at) AS released_by
    FROM acts
    WHERE kind = 'release'
    GROUP BY 1
)

SELECT
    placed.act AS hold,
    placed.interaction,
    coalesce(json_extract_string(placed.data, '$.reach') = 'conversation', FALSE) AS is_conversation,
    placed.seen_at AS placed_at,
    placed.actor,
    placed.detail AS reason,
    released.released_at,
    released.released_by
FROM (SELECT DISTINCT ON (act) * FROM acts WHERE kind = 'hold' ORDER BY act, seen_at) AS placed
LEFT JOIN released ON released.hold = placed.act;
COMMENT ON VIEW holds IS
    'Legal holds: what nobody may erase, since when, until when. It and all turns before it.';

CREATE OR REPLACE VIEW erased_exchanges AS
SELECT DISTINCT unnest(from_json(json_extract(data, '$.exchanges'), '["VARCHAR"]')) AS exchange
FROM acts
WHERE kind = 'erased';
COMMENT ON VIEW erased_exchanges IS 'Exchanges whose keys are destroyed: their content cannot be opened.';

CREATE OR REPLACE VIEW erased_interactions AS
WITH told AS (
    SELECT
        unnest(from_json(json_extract(data, '$.interactions'), '["VARCHAR"]')) AS interaction,
        seen_at,
        json_extract_string(data, '$.erasure') AS erasure
    FROM acts
    WHERE kind = 'erased' AND json_extract(data, '$.interactions') IS NOT NULL
)

SELECT
    interaction,
    min(seen_at) AS erased_at,
    min_by(erasure, seen_at) AS erasure
FROM told
GROUP BY interaction;
COMMENT ON VIEW erased_interactions IS 'Interactions whose content was erased here, and when.';

CREATE OR REPLACE VIEW erasures_deferred AS
WITH told AS (
    SELECT
        act,
        coalesce(json_extract_string(data, '$.erasure'), act) AS erasure,
        actor,
        detail AS reason,
        coalesce(json_extract_string(data, '$.quoted') = 'true', FALSE) AS with_quoted,
        data
    FROM acts
    WHERE kind = 'erasure' AND json_extract_string(data, '$.step') = 'deferred'
),

wanted AS (
    SELECT
        unnest(from_json(json_extract(data, '$.deferred'), '["VARCHAR"]')) AS interaction,
        erasure,
        actor,
        reason,
        with_quoted
    FROM told
    WHERE json_extract(data, '$.deferred') IS NOT NULL
),

-- Exchanges that also hold what is held: interaction and exchange.
spared AS (
    SELECT
        unnest(from_json(json_extract(data, '$.spared'), '[["VARCHAR"]]')) AS pair,
        erasure,
        actor,
        reason,
        with_quoted
    FROM told
    WHERE json_extract(data, '$.spared') IS NOT NULL
)

SELECT
    interaction,
    erasure,
    actor,
    reason,
    with_quoted,
    NULL AS exchange
FROM wanted
WHERE interaction NOT IN (SELECT erased_interactions.interaction FROM erased_interactions)
UNION
SELECT
    pair[2] AS interaction,
    erasure,
    actor,
    reason,
    with_quoted,
    pair[1] AS exchange
FROM spared
WHERE pair[1] NOT IN (SELECT erased_exchanges.exchange FROM erased_exchanges);
COMMENT ON VIEW erasures_deferred IS 'What was to be erased and is held: done when the last hold ends.';

CREATE OR REPLACE VIEW held_interactions AS
SELECT
    hold,
    interaction
FROM holds
WHERE released_at IS NULL
UNION
SELECT
    holds.hold,
    others.interaction
FROM holds
INNER JOIN observations AS named ON named.interaction = holds.interaction
INNER JOIN observations AS others ON others.root_hash = named.root_hash
WHERE holds.released_at IS NULL AND holds.is_conversation;
COMMENT ON VIEW held_interactions IS
    'What holds in force name, a conversation by all its turns. Turns before them are protected, too.';
