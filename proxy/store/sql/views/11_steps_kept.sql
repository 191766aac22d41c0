-- Calls of tools and their results as steps, kept as rows until somebody tells of their interaction again. They follow from
-- the interaction's own steps; which results of which turns belong to a call is worked out at each question (50_tools.sql).

CREATE OR REPLACE MACRO tool_steps_fresh_from(first_observation) AS TABLE (
    WITH told AS (
        SELECT
            timeline.*,
            max(timeline.place) FILTER (
                WHERE timeline.side = 'input' AND timeline.type IN ('model_output', 'function_call')
            ) OVER (PARTITION BY timeline.id_hash, timeline.interaction) AS history_end
        FROM timeline_in(FALSE, (SELECT list(touched.id_hash) FROM touched)) AS timeline
        WHERE timeline.call_id IS NOT NULL
            OR (timeline.side = 'input' AND timeline.type IN ('model_output', 'function_call'))
    ),

    seen AS (
        SELECT exchange, interaction, id_hash, seen_at
        FROM observations
        WHERE rowid >= first_observation AND id_hash IN (SELECT touched.id_hash FROM touched)
    ),

    -- When the answer that showed a step was first there: a poll shows it again.
    shown AS (
        SELECT
            steps.id_hash,
            steps.interaction,
            steps.side,
            steps.type,
            steps.call_id,
            min(coalesce(steps.ended_at, steps.seen_at)) AS shown_at
        FROM steps
        INNER JOIN seen
            ON seen.seen_at = steps.seen_at  -- it is; so few rows are read
            AND seen.id_hash = steps.id_hash
            AND seen.exchange = steps.exchange
            AND seen.interaction = steps.interaction
        WHERE steps.side = 'output' AND steps.call_id IS NOT NULL
        GROUP BY ALL
    ),

    single AS (
        SELECT
            *,
            unnest(string_split(call_id, ',')) AS one_call_id
        FROM told
        WHERE call_id IS NOT NULL
    )

    SELECT
        single.interaction,
        single.id_hash,
        single.place,
        single.side,
        single.type,
        single.one_call_id AS call_id,
        md5_number_lower(single.one_call_id) AS call_hash,
        single.name,
        single.server_name,
        single.variant,
        single.is_error,
        single.place > coalesce(single.history_end, 0) AS is_new,
        single.step_mac,
        shown.shown_at,
        single.started_at,
        single.ended_at
    FROM single
    LEFT JOIN shown
        ON shown.id_hash = single.id_hash
        AND shown.interaction = single.interaction
        AND shown.side = single.side
        AND shown.type = single.type
        AND shown.call_id = single.call_id
    WHERE single.one_call_id != '(odd)'
);

CREATE OR REPLACE VIEW tool_steps_fresh AS
FROM tool_steps_fresh_from(0);
COMMENT ON VIEW tool_steps_fresh IS
    'Calls and results of interactions that were told of since they were settled. For the views, not for people.';

-- Made anew and filled again when the text of this file changed: settling.py.
CREATE TABLE IF NOT EXISTS settled_tool_steps AS
SELECT * FROM tool_steps_fresh LIMIT 0;
COMMENT ON TABLE settled_tool_steps IS
    'Calls and results of those that nobody told of since. For the views, not for people.';
