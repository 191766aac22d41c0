-- What was called, by whom, and what came of it. proxy/audit/tool_contract.py says the same in Python; a
-- test compares them on random conversations.

-- Of all interactions, or of some: since: of those told of since then; caller: with calls that this one (its hash) made, or
-- their results, and itself; hashes: a list. Those that wait to be settled are always among them.
-- Without is_judged the turns before and behind are not looked for: nothing is followed, and no turn before is known.
-- `number` and `turn` tell steps and interactions apart within one answer, faster than by name; the next one has others.
CREATE OR REPLACE MACRO tool_steps_among(is_all, since, caller, hashes, is_judged) AS TABLE (
    WITH fresh_turns AS MATERIALIZED (
        SELECT id_hash, interaction, root_hash, created_at, status, previous_hash
        FROM interactions_fresh
    ),

    fresh AS MATERIALIZED (
        FROM tool_steps_fresh
    ),

    called AS MATERIALIZED (
        SELECT call_hash
        FROM settled_tool_steps
        WHERE caller IS NOT NULL AND id_hash = caller
        UNION
        SELECT call_hash
        FROM fresh
        WHERE caller IS NOT NULL AND id_hash = caller
    ),

    among AS MATERIALIZED (
        SELECT unnest(hashes::UBIGINT[]) AS id_hash
        WHERE NOT is_all
        UNION
        SELECT id_hash
        FROM settled_tool_steps
        WHERE caller IS NOT NULL AND call_hash IN (SELECT called.call_hash FROM called)
        UNION
        SELECT caller AS id_hash
        WHERE caller IS NOT NULL
    ),

    -- By number of row, so that few columns of all are looked at, and of all columns few.
    found_turns AS MATERIALIZED (
        SELECT rowid AS number
        FROM settled
        WHERE last_seen_at >= since
        UNION ALL
        -- Two scans of few rows each, since rows come in time order; with OR it would be one of all.
        SELECT rowid AS number
        FROM settled
        WHERE created_at >= since AND last_seen_at < since
        UNION ALL
        SELECT rowid AS number
        FROM settled
        WHERE since IS NULL AND id_hash IN (SELECT among.id_hash FROM among)
    ),

    turns AS MATERIALIZED (
        SELECT id_hash, interaction, root_hash, created_at, status, previous_hash, found_turns.number AS turn
        FROM settled
        INNER JOIN found_turns ON found_turns.number = settled.rowid
        WHERE id_hash NOT IN (SELECT touched.id_hash FROM touched)
        UNION ALL
        SELECT id_hash, interaction, root_hash, created_at, status, previous_hash, rowid AS turn
        FROM settled
        WHERE is_all AND id_hash NOT IN (SELECT touched.id_hash FROM touched)
        UNION ALL
        SELECT *, -row_number() OVER () AS turn
        FROM fresh_turns
    ),

    found_steps AS MATERIALIZED (
        SELECT rowid AS number
        FROM settled_tool_steps
        WHERE NOT is_all AND id_hash IN (SELECT turns.id_hash FROM turns WHERE turns.turn >= 0)
    ),

    own AS NOT MATERIALIZED (
        SELECT settled_tool_steps.*, found_steps.number
        FROM settled_tool_steps
        INNER JOIN found_steps ON found_steps.number = settled_tool_steps.rowid
        UNION ALL BY NAME
        SELECT *, rowid AS number
        FROM settled_tool_steps
        WHERE is_all AND id_hash NOT IN (SELECT touched.id_hash FROM touched)
        UNION ALL BY NAME
        SELECT *, -row_number() OVER () AS number
        FROM fresh
    ),

    followed AS (
        SELECT previous_hash AS id_hash
        FROM settled
        WHERE is_judged
            AND previous_hash IS NOT NULL
            AND status IS NOT NULL
            AND id_hash NOT IN (SELECT touched.id_hash FROM touched)
        UNION
        SELECT previous_hash AS id_hash
        FROM fresh_turns
        WHERE is_judged AND previous_hash IS NOT NULL AND status IS NOT NULL
    ),

    before AS (
        SELECT DISTINCT id_hash
        FROM observations
        WHERE is_judged AND id_hash IN (SELECT turns.previous_hash FROM turns)
    )

    SELECT
        own.interaction,
        turns.root_hash AS conversation,
        own.place,
        own.side,
        own.type,
        own.call_id,
        own.name,
        own.server_name,
        own.variant,
        own.is_error,
        own.is_new,
        own.step_mac,
        turns.created_at AS sent_at,
        coalesce(own.shown_at, turns.created_at) AS seen_at,
        own.started_at,
        own.ended_at,
        turns.status,
        followed.id_hash IS NOT NULL AS is_followed,
        turns.previous_hash IS NULL OR before.id_hash IS NOT NULL AS is_previous_known,
        own.id_hash,
        own.number,
        turns.turn
    FROM own
    INNER JOIN turns
        ON turns.id_hash = own.id_hash AND turns.interaction = own.interaction
    LEFT JOIN followed ON followed.id_hash = own.id_hash
    LEFT JOIN before ON before.id_hash = turns.previous_hash
);

CREATE OR REPLACE VIEW tool_steps AS
SELECT * EXCLUDE (number, turn)
FROM tool_steps_among(TRUE, NULL::TIMESTAMP, NULL::UBIGINT, NULL::UBIGINT[], TRUE);
COMMENT ON VIEW tool_steps IS
    'Calls of tools and their results as steps, each once. is_new: it is not repeated from an earlier turn.';

CREATE OR REPLACE MACRO tool_uses_among(is_all, since, caller, hashes, is_judged) AS TABLE (
    WITH told AS MATERIALIZED (
        FROM tool_steps_among(is_all, since, caller, hashes, is_judged)
    ),

    repeated AS (
        SELECT DISTINCT
            turn,
            call_id,
            unnest(coalesce(string_split(step_mac, ','), [NULL])) AS step_mac
        FROM told
        WHERE side = 'input' AND type = 'function_call'
    ),

    results AS (
        SELECT
            number,
            turn,
            place,
            call_id,
            conversation,
            sent_at,
            interaction,
            is_error,
            status,
            name,
            is_previous_known,
            id_hash
        FROM told
        WHERE side = 'input'
            AND type IN ('function_result', 'user_input')
            AND is_new
    ),

    asked AS (
        SELECT number, turn, place, call_id, conversation, seen_at, interaction, step_mac
        FROM told
        WHERE side = 'output' AND type = 'function_call'
    ),

    -- Calls a result may be for, a call perhaps twice: those of its conversation, and those it repeats. Each
    -- half joins by equality alone, so that ids which many conversations use cost nothing more.
    meant AS MATERIALIZED (
        SELECT results.number AS result, asked.number
        FROM results
        INNER JOIN asked
            ON asked.call_id = results.call_id AND asked.conversation = results.conversation
        WHERE asked.turn != results.turn AND asked.seen_at <= results.sent_at
        UNION ALL
        SELECT results.number AS result, asked.number
        FROM results
        INNER JOIN repeated
            ON repeated.turn = results.turn AND repeated.call_id = results.call_id
        INNER JOIN asked
            ON asked.call_id = results.call_id AND asked.step_mac = repeated.step_mac
        WHERE asked.turn != results.turn AND asked.seen_at <= results.sent_at
    ),

    -- Each result of a client answers the latest call of that id in its conversation. Most could be for one call alone:
    -- only the others are put in order.
    counted AS MATERIALIZED (
        SELECT result, count(*) AS count, min(number) AS number
        FROM meant
        GROUP BY result
    ),

    matches AS (
        SELECT result, number
        FROM counted
        WHERE count = 1
        UNION ALL
        SELECT
            meant.result,
            arg_max(meant.number, (asked.seen_at, asked.interaction, asked.place)) AS number
        FROM meant
        INNER JOIN asked ON asked.number = meant.number
        WHERE meant.result IN (SELECT counted.result FROM counted WHERE counted.count > 1)
        GROUP BY meant.result
    ),

    given AS MATERIALIZED (
        SELECT
            matches.number,
            results.sent_at,
            results.interaction,
            results.place,
            results.is_error
        FROM matches
        INNER JOIN results ON results.number = matches.result
        WHERE results.status IS NOT NULL  -- upstream took it
    ),

    given_counted AS MATERIALIZED (
        SELECT
            number,
            count(*) AS count,
            first(sent_at) AS sent_at,
            first(interaction) AS interaction,
            first(is_error) AS is_error
        FROM given
        GROUP BY number
    ),

    answers AS (
        SELECT
            number,
            count AS answer_count,
            struct_pack(interaction := interaction, sent_at := sent_at, is_error := is_error) AS first
        FROM given_counted
        WHERE count = 1
        UNION ALL
        SELECT
            number,
            count(*) AS answer_count,
            arg_min(
                struct_pack(interaction := interaction, sent_at := sent_at, is_error := is_error),
                (sent_at, interaction, place)
            ) AS first
        FROM given
        WHERE number IN (SELECT given_counted.number FROM given_counted WHERE given_counted.count > 1)
        GROUP BY number
    ),

    -- A result in the same answer: the tool ran where the model ran.
    own_results AS (
        SELECT
            turn,
            call_id,
            left(type, -7) || '_call' AS type,
            arg_min(struct_pack(is_error := is_error, ended_at := ended_at, seen_at := seen_at), place)
                AS first
        FROM told
        WHERE side = 'output' AND ends_with(type, '_result')
        GROUP BY ALL
    ),

    calls AS (
        SELECT
            told.*,
            own.first AS own,
            answers.first AS answer,
            CASE WHEN told.type = 'function_call' AND own.first IS NULL THEN 'client' ELSE 'server' END
                AS ran_at,
            CASE WHEN own.first IS NOT NULL THEN 1 ELSE coalesce(answers.answer_count, 0) END
                AS answer_count
        FROM told
        LEFT JOIN own_results AS own
            ON own.turn = told.turn
            AND own.call_id = told.call_id
            AND own.type = told.type
        LEFT JOIN answers ON answers.number = told.number
        WHERE told.side = 'output' AND ends_with(told.type, '_call')
    ),

    judged AS (
        SELECT
            calls.*,
            answer_count > 1 AS is_answered_twice,
            answer_count = 0
            AND coalesce(status NOT IN ('failed', 'cancelled'), TRUE)
            AND (
                is_followed
                OR coalesce(step_mac IN (SELECT step_mac FROM repeated WHERE step_mac IS NOT NULL), FALSE)
                OR seen_at + INTERVAL 1 HOUR < (SELECT max(observations.seen_at) FROM observations)
            ) AS is_never_answered,
            (turn, call_id) IN (SELECT (turn, call_id) FROM repeated)
            OR row_number() OVER (
                PARTITION BY ran_at, conversation, call_id
                ORDER BY seen_at, interaction, place
            ) > 1 AS is_id_reused
        FROM calls
        WHERE is_judged
        UNION ALL
        SELECT calls.*, NULL, NULL, NULL
        FROM calls
        WHERE NOT is_judged
    )

    SELECT
        interaction,
        conversation,
        place,
        left(type, -5) AS tool,
        name,
        server_name,
        variant,
        call_id,
        ran_at,
        seen_at,
        CASE WHEN own IS NOT NULL THEN interaction ELSE answer.interaction END AS result_interaction,
        CASE WHEN own IS NOT NULL THEN own.seen_at ELSE answer.sent_at END AS answered_at,
        CASE
            WHEN own IS NOT NULL THEN (epoch_us(own.ended_at) - epoch_us(started_at)) * 1000
            ELSE (epoch_us(answer.sent_at) - epoch_us(seen_at)) * 1000
        END AS duration_ns,
        CASE WHEN own IS NOT NULL THEN own.is_error ELSE answer.is_error END AS is_error,
        answer_count,
        CASE
            WHEN ran_at = 'client'
                THEN list_filter(
                    [
                        CASE WHEN is_never_answered THEN 'never_answered' END,
                        CASE WHEN is_answered_twice THEN 'answered_twice' END,
                        CASE WHEN is_id_reused THEN 'id_reused' END
                    ],
                    lambda kind: kind IS NOT NULL
                )
            ELSE []
        END AS findings,
        id_hash
    FROM judged
    UNION ALL
    SELECT
        results.interaction,
        results.conversation,
        NULL AS place,
        NULL AS tool,
        max(results.name) AS name,
        NULL AS server_name,
        NULL AS variant,
        results.call_id,
        NULL AS ran_at,
        max(results.sent_at) AS seen_at,
        NULL AS result_interaction,
        NULL AS answered_at,
        NULL AS duration_ns,
        NULL AS is_error,
        0 AS answer_count,
        ['unknown_call'] AS findings,
        results.id_hash
    FROM results
    LEFT JOIN matches ON matches.result = results.number
    WHERE results.is_previous_known
        AND matches.result IS NULL
        AND (results.turn, results.call_id) NOT IN (
            SELECT (repeated.turn, repeated.call_id) FROM repeated
        )
    GROUP BY results.interaction, results.conversation, results.call_id, results.id_hash
);

CREATE OR REPLACE VIEW tool_uses AS
FROM tool_uses_among(TRUE, NULL::TIMESTAMP, NULL::UBIGINT, NULL::UBIGINT[], TRUE);
COMMENT ON VIEW tool_uses IS
    'Calls of tools, and results for calls nobody made, with what is wrong. For the views below.';

-- With `since`, ask for later ones alone: what answers those before may be missing. With `caller`, for its own.
CREATE OR REPLACE MACRO tool_calls_among(is_all, since, caller) AS TABLE (
    SELECT
        interaction,
        conversation,
        place,
        tool,
        name,
        server_name,
        variant,
        call_id,
        ran_at,
        seen_at AS called_at,
        result_interaction,
        answered_at,
        duration_ns,
        is_error,
        answer_count,
        id_hash
    FROM tool_uses_among(is_all, since, caller, NULL::UBIGINT[], FALSE)
    WHERE tool IS NOT NULL
);

CREATE OR REPLACE VIEW tool_calls AS
FROM tool_calls_among(TRUE, NULL::TIMESTAMP, NULL::UBIGINT);
COMMENT ON VIEW tool_calls IS
    'Calls of tools, on the client''s side and the server''s, with what answered them and how long it took.';

-- With hashes of whole conversations: what is wrong in one of their turns follows from the others.
CREATE OR REPLACE MACRO tool_findings_among(is_all, hashes) AS TABLE (
    SELECT
        unnest(findings) AS kind,
        interaction,
        conversation,
        call_id,
        name,
        seen_at,
        id_hash
    FROM tool_uses_among(is_all, NULL::TIMESTAMP, NULL::UBIGINT, hashes, TRUE)
);

CREATE OR REPLACE VIEW tool_findings AS
FROM tool_findings_among(TRUE, NULL::UBIGINT[]);
COMMENT ON VIEW tool_findings IS
    'Client-side calls that went wrong: never_answered, answered_twice, unknown_call, id_reused.';
