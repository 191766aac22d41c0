-- What people ask. Views hold nothing, so they are made anew at every open instead of migrated.
--
-- Polls, resumed streams and cancel answers add rows to the tables, never to these views: for each
-- interaction they take the best of what was seen. "Best" is written as one BIGINT that arg_max can
-- compare: powers of two for what counts most, then the time in microseconds (2^51 until 2041).
--
-- All views carry id_hash: `WHERE id_hash = hash_of(...)` reaches the tables and costs milliseconds. Rows of an
-- exchange are found by its number, since rows come in that order; a name alone would be looked for in all of them.

CREATE OR REPLACE MACRO hash_of(name) AS ('0x' || substr(sha256(name), 1, 16))::UBIGINT;

CREATE OR REPLACE MACRO number_of(exchange) AS TRY_CAST(split_part(exchange, '-', 3) AS BIGINT);

-- Exchanges about an interaction, by the hash of its id.
CREATE OR REPLACE MACRO exchanges_telling(wanted) AS TABLE (
    SELECT exchange, interaction, number_of(exchange) AS number
    FROM observations
    WHERE id_hash = wanted
    UNION
    SELECT exchange, interaction, number_of(exchange) AS number
    FROM mentions
    WHERE id_hash = wanted
);

CREATE OR REPLACE VIEW weighed AS
SELECT
    rowid AS number,
    exchange,
    seen_at,
    interaction,
    interaction_id,
    id_hash,
    root_hash,
    how,
    status,
    is_terminal,
    model,
    agent,
    previous_interaction_id,
    previous_hash,
    store,
    is_background,
    is_streaming,
    service_tier_asked,
    service_tier,
    created,
    environment_id,
    input_step_count,
    output_step_count,
    function_call_count,
    input_tokens,
    cached_tokens,
    output_tokens,
    thought_tokens,
    tool_use_tokens,
    total_tokens,
    initial_input_tokens,
    error_code,
    agent_config_type,
    tool_types,
    tool_choice,
    response_formats,
    thinking_level,
    max_output_tokens,
    is_continuation,
    has_continuation_token,
    about_ref,
    -- The state: one that ended it, then one that named a status, then the latest.
    epoch_us(seen_at)
    + CASE WHEN is_terminal THEN 4611686018427387904 ELSE 0 END
    + CASE WHEN status IS NOT NULL THEN 2305843009213693952 ELSE 0 END AS state_weight,
    -- The answer: one that ended it, then one seen whole, then one from its beginning (a resumed
    -- stream may start in the middle), then the latest.
    epoch_us(seen_at)
    + CASE WHEN is_terminal THEN 4611686018427387904 ELSE 0 END
    + CASE WHEN is_complete THEN 2305843009213693952 ELSE 0 END
    + CASE WHEN how != 'resumed' THEN 1152921504606846976 ELSE 0 END AS answer_weight,
    -- The question: what the caller sent, then one seen whole, then the latest.
    epoch_us(seen_at)
    + CASE WHEN how = 'created' THEN 4611686018427387904 ELSE 0 END
    + CASE WHEN is_complete THEN 2305843009213693952 ELSE 0 END AS question_weight,
    coalesce(total_tokens, input_tokens, output_tokens) IS NOT NULL AS has_usage
FROM observations;
COMMENT ON VIEW weighed IS
    'Observations with the weights by which the other views choose. For the views, not for people.';

-- Rows lie in the order in which they came, so who knows where those of what is touched begin passes over all before:
-- to look for a few in every row group takes ten times as long, and DuckDB keeps some hundred bytes of each column's part
-- that it ever looked at, until the file is opened anew. Settling finds the first rows in one column each (settling.py);
-- questions start at 0, since there is mostly nothing touched to look for.
CREATE OR REPLACE MACRO interactions_fresh_from(first_observation, first_mention) AS TABLE (
    WITH told AS (
        SELECT
            interaction,
            id_hash,
            arg_max(
                struct_pack(status := status, error_code := error_code, is_terminal := is_terminal),
                state_weight
            ) AS state,
            arg_max(
                struct_pack(
                    input_tokens := input_tokens,
                    cached_tokens := cached_tokens,
                    output_tokens := output_tokens,
                    thought_tokens := thought_tokens,
                    tool_use_tokens := tool_use_tokens,
                    total_tokens := total_tokens,
                    initial_input_tokens := initial_input_tokens
                ),
                answer_weight
            ) FILTER (WHERE has_usage) AS usage,
            arg_max(
                struct_pack(
                    output_step_count := output_step_count,
                    function_call_count := function_call_count
                ),
                answer_weight
            ) FILTER (WHERE how != 'deleted') AS answer,
            arg_max(input_step_count, question_weight) FILTER (WHERE input_step_count > 0)
                AS input_step_count,
            arg_max(model, answer_weight) AS model,
            arg_max(agent, answer_weight) AS agent,
            arg_max(service_tier, answer_weight) AS service_tier,
            arg_max(created, answer_weight) AS created,
            arg_max(previous_interaction_id, question_weight) AS previous_interaction_id,
            arg_max(previous_hash, question_weight) AS previous_hash,
            arg_max(environment_id, answer_weight) AS environment_id,
            arg_max(root_hash, question_weight) AS root_hash,
            max(interaction_id) AS interaction_id,
            min(seen_at) AS first_seen_at,
            max(seen_at) AS last_seen_at,
            min(seen_at) FILTER (WHERE is_terminal) AS ended_at,
            arg_max(exchange, question_weight) FILTER (WHERE how = 'created') AS create_exchange,
            arg_max(store, question_weight) FILTER (WHERE how = 'created') AS store,
            bool_or(is_background) FILTER (WHERE how = 'created') AS is_background,
            bool_or(is_streaming) FILTER (WHERE how = 'created') AS is_streaming,
            arg_max(service_tier_asked, question_weight) FILTER (WHERE how = 'created')
                AS service_tier_asked,
            -- Settings: those of the create; else what a read repeats.
            arg_max(
                struct_pack(
                    agent_config_type := agent_config_type,
                    tool_types := tool_types,
                    tool_choice := tool_choice,
                    response_formats := response_formats,
                    thinking_level := thinking_level,
                    max_output_tokens := max_output_tokens,
                    is_continuation := is_continuation
                ),
                question_weight
            ) AS settings,
            arg_max(has_continuation_token, state_weight) AS has_continuation_token,
            arg_max(about_ref, question_weight) AS about_ref,
            arg_max(about_ref, answer_weight) AS answer_ref,
            count(*) AS exchange_count,
            count(*) FILTER (WHERE how = 'read') AS read_count,
            count(*) FILTER (WHERE how = 'resumed') AS resume_count
        FROM weighed
        WHERE number >= first_observation AND id_hash IN (SELECT touched.id_hash FROM touched)
        GROUP BY interaction, id_hash
    ),

    telling AS (
        SELECT exchange, interaction, number_of(exchange) AS number
        FROM observations
        WHERE rowid >= first_observation AND id_hash IN (SELECT touched.id_hash FROM touched)
        UNION
        SELECT exchange, interaction, number_of(exchange) AS number
        FROM mentions
        WHERE rowid >= first_mention AND id_hash IN (SELECT touched.id_hash FROM touched)
    ),

    deleted AS (
        SELECT
            telling.interaction,
            -- No condition of the join: with nothing touched it ends at once, and looks for none in all of them.
            min(exchanges.ended_at) FILTER (
                WHERE exchanges.operation = 'delete' AND exchanges.status BETWEEN 200 AND 299
            ) AS deleted_at
        FROM exchanges
        INNER JOIN telling
            ON telling.number = exchanges.sequence AND telling.exchange = exchanges.exchange
        GROUP BY telling.interaction
    )

    SELECT
        told.interaction,
        told.state.status AS status,
        told.model,
        told.agent,
        coalesce(by_create.started_at, TRY_CAST(told.created AS TIMESTAMP), told.first_seen_at)
            AS created_at,
        told.ended_at,
        told.usage.input_tokens AS input_tokens,
        told.usage.cached_tokens AS cached_tokens,
        told.usage.output_tokens AS output_tokens,
        told.usage.thought_tokens AS thought_tokens,
        told.usage.tool_use_tokens AS tool_use_tokens,
        told.usage.total_tokens AS total_tokens,
        coalesce(told.input_step_count, 0) AS input_step_count,
        coalesce(told.answer.output_step_count, 0) AS output_step_count,
        coalesce(told.answer.function_call_count, 0) AS function_call_count,
        told.state.error_code AS error_code,
        told.previous_interaction_id,
        told.store,
        told.is_background,
        told.is_streaming,
        told.service_tier_asked,
        told.service_tier,
        told.environment_id,
        by_create.client,
        by_create.sdk,
        by_create.duration_ns AS create_duration_ns,
        by_create.first_event_ns,
        told.exchange_count,
        told.read_count,
        told.resume_count,
        coalesce(told.state.is_terminal, FALSE) AS is_terminal,
        deleted.deleted_at,
        told.first_seen_at,
        told.last_seen_at,
        told.settings.agent_config_type AS agent_config_type,
        told.settings.tool_types AS tool_types,
        told.settings.tool_choice AS tool_choice,
        told.settings.response_formats AS response_formats,
        told.settings.thinking_level AS thinking_level,
        told.settings.max_output_tokens AS max_output_tokens,
        told.settings.is_continuation AS is_continuation,
        coalesce(told.has_continuation_token, FALSE) AS has_continuation_token,
        told.usage.initial_input_tokens AS initial_input_tokens,
        told.about_ref,
        told.answer_ref,
        told.interaction_id,
        told.create_exchange,
        told.id_hash,
        told.previous_hash,
        told.root_hash
    FROM told
    LEFT JOIN exchanges AS by_create
        ON by_create.sequence = number_of(told.create_exchange)
        AND by_create.exchange = told.create_exchange
    LEFT JOIN deleted ON deleted.interaction = told.interaction
);

CREATE OR REPLACE VIEW interactions_fresh AS
FROM interactions_fresh_from(0, 0);
COMMENT ON VIEW interactions_fresh IS
    'Interactions that were told of since they were settled. For the views, not for people.';

-- Made anew and filled again when the text of this file changed: settling.py.
CREATE TABLE IF NOT EXISTS settled AS
SELECT * FROM interactions_fresh LIMIT 0;
COMMENT ON TABLE settled IS
    'What the view interactions says of those that nobody told of since. For the views, not for people.';

CREATE OR REPLACE VIEW interactions AS
SELECT * FROM settled
WHERE id_hash NOT IN (SELECT touched.id_hash FROM touched)
UNION ALL BY NAME
SELECT * FROM interactions_fresh;
COMMENT ON VIEW interactions IS
    'One row per interaction, the best of everything seen of it: state, tokens, how it was created.';

CREATE OR REPLACE VIEW conversations AS
SELECT
    root_hash,
    arg_min(interaction, created_at) AS first_interaction,
    arg_max(interaction, created_at) AS last_interaction,
    arg_max(status, created_at) AS last_status,
    count(*) AS turn_count,
    min(created_at) AS started_at,
    max(coalesce(ended_at, last_seen_at)) AS last_at,
    list_sort(list(DISTINCT coalesce(model, agent))) AS models,
    sum(input_tokens)::BIGINT AS input_tokens,
    sum(output_tokens)::BIGINT AS output_tokens,
    sum(thought_tokens)::BIGINT AS thought_tokens,
    sum(total_tokens)::BIGINT AS total_tokens,
    count(deleted_at) AS deleted_count
FROM interactions
GROUP BY root_hash;
COMMENT ON VIEW conversations IS
    'One row per conversation: the turns that previous_interaction_id ties together.';

-- Hashes of the interactions whose conversations were told of, or gone on with, since then.
CREATE OR REPLACE MACRO interactions_since(since) AS TABLE (
    WITH fresh AS MATERIALIZED (
        SELECT id_hash, root_hash, created_at, last_seen_at
        FROM interactions_fresh
    ),

    known AS NOT MATERIALIZED (
        SELECT id_hash, root_hash, created_at, last_seen_at
        FROM settled
        WHERE id_hash NOT IN (SELECT touched.id_hash FROM touched)
        UNION ALL
        FROM fresh
    )

    SELECT id_hash
    FROM known
    WHERE root_hash IN (
        -- Two scans of few rows each, since rows come in time order; the greater of both would need all of them.
        SELECT late.root_hash
        FROM known AS late
        WHERE late.last_seen_at >= since
        UNION
        SELECT late.root_hash
        FROM known AS late
        WHERE late.created_at >= since
    )
);

-- Steps, each once, of the interactions with these hashes, or of all. `position` is their order on their side.
CREATE OR REPLACE MACRO steps_shown_in(is_all, hashes) AS TABLE (
    -- By number of row and instant, so that two columns of all are looked at, and of the others few rows.
    WITH numbers AS MATERIALIZED (
        SELECT rowid AS number, seen_at
        FROM observations
        WHERE NOT is_all AND id_hash IN (SELECT unnest(hashes::UBIGINT[]))
    ),

    found AS MATERIALIZED (
        SELECT
            exchange, seen_at, interaction, id_hash, how, is_streaming, input_step_count, output_step_count,
            question_weight, answer_weight
        FROM weighed
        INNER JOIN numbers USING (number, seen_at)
        WHERE NOT is_all
    ),

    observed AS NOT MATERIALIZED (
        FROM found
        UNION ALL
        SELECT
            exchange, seen_at, interaction, id_hash, how, is_streaming, input_step_count, output_step_count,
            question_weight, answer_weight
        FROM weighed
        WHERE is_all
    ),

    questions AS NOT MATERIALIZED (
        SELECT
            interaction,
            id_hash,
            arg_max(exchange, question_weight) AS exchange,
            arg_max(seen_at, question_weight) AS seen_at
        FROM observed
        WHERE input_step_count > 0
        GROUP BY interaction, id_hash
    ),

    -- One exchange shows the answer; unless all that reached the end is a resumed stream, which starts
    -- in the middle: then all that was streamed shows it together.
    answers AS NOT MATERIALIZED (
        SELECT
            interaction,
            id_hash,
            exchange,
            seen_at,
            arg_max(how, answer_weight) OVER about = 'resumed' AS is_pieced
        FROM observed
        WHERE output_step_count > 0
        WINDOW
            about AS (PARTITION BY id_hash, interaction)
        QUALIFY
            exchange = arg_max(exchange, answer_weight) OVER about
            OR (arg_max(how, answer_weight) OVER about = 'resumed' AND is_streaming)
    ),

    sources AS NOT MATERIALIZED (
        SELECT interaction, id_hash, exchange, seen_at, FALSE AS is_pieced, 'input' AS side
        FROM questions
        UNION ALL
        SELECT interaction, id_hash, exchange, seen_at, is_pieced, 'output' AS side
        FROM answers
    ),

    told AS NOT MATERIALIZED (
        SELECT
            steps.*,
            sources.is_pieced,
            CASE
                WHEN sources.is_pieced THEN coalesce(steps.stream_index, steps.step_index)
                ELSE steps.step_index
            END AS position
        FROM steps
        INNER JOIN sources
            ON steps.id_hash = sources.id_hash
            AND steps.interaction = sources.interaction
            AND steps.exchange = sources.exchange
            AND steps.seen_at = sources.seen_at  -- it is; so few rows are read
            AND steps.side = sources.side
    )

    SELECT *, started_at AS first_started_at, ended_at AS last_ended_at
    FROM told
    WHERE NOT is_pieced
    UNION ALL BY NAME
    -- Of a step that several pieces show, the one that saw it from its start to its end, else the most of it. To put all
    -- others in order as well would take most of the time.
    SELECT
        *,
        min(started_at) OVER piece AS first_started_at,
        max(ended_at) OVER piece AS last_ended_at
    FROM told
    -- Behind the join, so that it reads few steps, and not all of them to find that none is meant.
    WHERE CASE WHEN position IS NOT NULL THEN is_pieced END
    WINDOW piece AS (PARTITION BY id_hash, interaction, side, position)
    QUALIFY
        row_number() OVER (
            PARTITION BY id_hash, interaction, side, position
            ORDER BY
                started_at IS NOT NULL AND ended_at IS NOT NULL DESC,
                content_bytes DESC,
                seen_at,
                exchange
        ) = 1
);

CREATE OR REPLACE MACRO timeline_in(is_all, hashes) AS TABLE (
    SELECT
        interaction,
        row_number() OVER (PARTITION BY id_hash, interaction ORDER BY side, position) AS place,
        side,
        step_index,
        type,
        name,
        server_name,
        call_id,
        is_error,
        first_started_at AS started_at,
        last_ended_at AS ended_at,
        CASE
            WHEN duration_ns IS NULL AND is_pieced
                THEN 1000 * (epoch_us(last_ended_at) - epoch_us(first_started_at))
            ELSE duration_ns
        END AS duration_ns,
        text_bytes,
        media_count,
        step_tokens,
        error_code,
        annotation_count,
        item_count,
        variant,
        content_bytes,
        content_ref,
        is_known,
        exchange,
        id_hash,
        -- No exchange showed it from its start to its end; `show` puts the pieces together.
        is_pieced AND (started_at IS NULL OR ended_at IS NULL) AS is_partial,
        step_mac
    FROM steps_shown_in(is_all, hashes)
);

CREATE OR REPLACE VIEW timeline AS
FROM timeline_in(TRUE, NULL);
COMMENT ON VIEW timeline IS
    'The steps of an interaction, each once, in order: what was sent in, then what came out.';

CREATE OR REPLACE VIEW usage_lines AS
WITH best AS (
    SELECT
        interaction,
        id_hash,
        arg_max(exchange, answer_weight) AS exchange,
        arg_max(seen_at, answer_weight) AS seen_at
    FROM weighed
    WHERE has_usage
    GROUP BY interaction, id_hash
)

SELECT
    usage.interaction,
    usage.kind,
    usage.modality,
    usage.tokens,
    usage.seen_at,
    usage.exchange,
    usage.id_hash
FROM usage
INNER JOIN best
    ON usage.id_hash = best.id_hash
    AND usage.interaction = best.interaction
    AND usage.exchange = best.exchange
    AND usage.seen_at = best.seen_at;  -- it is; so few rows are read
COMMENT ON VIEW usage_lines IS
    'Tokens of an interaction by kind and modality, each once.';

CREATE OR REPLACE VIEW usage_totals AS
SELECT
    date_trunc('day', created_at)::DATE AS day,
    coalesce(model, agent) AS model,
    count(*) AS interaction_count,
    count(*) FILTER (WHERE error_code IS NOT NULL) AS error_count,
    sum(input_tokens)::BIGINT AS input_tokens,
    sum(cached_tokens)::BIGINT AS cached_tokens,
    sum(output_tokens)::BIGINT AS output_tokens,
    sum(thought_tokens)::BIGINT AS thought_tokens,
    sum(tool_use_tokens)::BIGINT AS tool_use_tokens,
    sum(total_tokens)::BIGINT AS total_tokens
FROM interactions
GROUP BY ALL;
COMMENT ON VIEW usage_totals IS
    'Tokens per day (UTC) and model or agent. An interaction counts once, however often it was read.';
