-- One wish, several requests: what SDKs send again by themselves, and what may be there twice, or unseen.

-- What SDKs try again: 408, 409, 429, all 5xx; some their own timeouts and broken connections.
CREATE OR REPLACE MACRO is_tried_again(status, outcome) AS (
    status IS NULL
    OR status IN (408, 409, 429)
    OR status >= 500
    OR outcome NOT IN ('complete', 'refused')
);

-- Of creates between two instants, so that whoever asks about one moment reads little.
CREATE OR REPLACE MACRO retries_between(since, until) AS TABLE (
    WITH RECURSIVE failed AS MATERIALIZED (
        SELECT exchange, client, request_mac, started_at, ended_at, status, outcome, retry_after_s
        FROM exchanges
        WHERE operation = 'create'
            AND request_mac IS NOT NULL
            AND started_at BETWEEN since AND until
            AND is_tried_again(status, outcome)
    ),

    -- Those alone that say what a failed one said.
    creates AS MATERIALIZED (
        SELECT exchange, client, request_mac, started_at, status, outcome, sdk, interaction
        FROM exchanges
        WHERE operation = 'create'
            AND started_at BETWEEN since AND until
            AND request_mac IN (SELECT failed.request_mac FROM failed)
    ),

    -- A create follows the latest failure of the same body and credential: within half a minute, and the wait
    -- that was asked for. The longest wait of an SDK is 8 s.
    followed AS (
        SELECT
            creates.exchange,
            creates.started_at,
            failed.exchange AS retry_of,
            failed.status AS failed_status,
            failed.outcome AS failed_outcome,
            failed.ended_at AS failed_at
        FROM creates
        INNER JOIN failed
            ON failed.request_mac = creates.request_mac
            AND failed.client IS NOT DISTINCT FROM creates.client
            AND failed.started_at < creates.started_at
            AND creates.started_at > failed.ended_at - INTERVAL 1 SECOND
            AND creates.started_at
            < failed.ended_at + to_seconds(30 + least(coalesce(failed.retry_after_s, 0), 86400))
        QUALIFY
            row_number() OVER (
                PARTITION BY creates.exchange
                ORDER BY failed.started_at DESC, failed.exchange DESC
            ) = 1
    ),

    claimed AS (
        SELECT COLUMNS(*)
        FROM followed
        QUALIFY row_number() OVER (PARTITION BY retry_of ORDER BY started_at, exchange) = 1
    ),

    chains AS (
        SELECT
            exchange,
            retry_of,
            retry_of AS first_exchange,
            2 AS attempt
        FROM claimed
        WHERE retry_of NOT IN (SELECT inner_claimed.exchange FROM claimed AS inner_claimed)
        UNION ALL
        SELECT
            claimed.exchange,
            claimed.retry_of,
            chains.first_exchange,
            chains.attempt + 1 AS attempt
        FROM chains
        INNER JOIN claimed ON claimed.retry_of = chains.exchange
    )

    SELECT
        chains.first_exchange,
        chains.attempt,
        chains.exchange,
        chains.retry_of,
        claimed.failed_status,
        claimed.failed_outcome,
        epoch_us(creates.started_at) - epoch_us(claimed.failed_at) AS waited_us,
        creates.started_at,
        creates.status,
        creates.outcome,
        creates.interaction,
        creates.client,
        creates.sdk
    FROM chains
    INNER JOIN claimed ON claimed.exchange = chains.exchange
    INNER JOIN creates ON creates.exchange = chains.exchange
);

CREATE OR REPLACE VIEW retries AS
FROM retries_between('-infinity'::TIMESTAMP, 'infinity'::TIMESTAMP);
COMMENT ON VIEW retries IS
    'Creates sent again after a failure: same body, same credential, within seconds. Attempts from 2.';

CREATE OR REPLACE VIEW orphan_suspects AS
SELECT
    exchanges.exchange,
    exchanges.started_at,
    -- Nothing is kept longer than this: 55 days, reference 12.4.
    exchanges.ended_at + INTERVAL 55 DAY AS suspect_until,
    CASE
        WHEN exchanges.status IS NULL OR exchanges.is_own_answer THEN 'no_answer'
        WHEN exchanges.status >= 400 THEN 'server_error'
        ELSE 'cut_before_id'
    END AS reason,
    exchanges.status,
    exchanges.outcome,
    exchanges.client,
    exchanges.sdk,
    observations.model,
    observations.agent,
    observations.store,
    retries.exchange AS retried_by,
    observations.interaction,
    observations.id_hash
FROM exchanges
INNER JOIN observations
    ON observations.exchange = exchanges.exchange AND observations.how = 'created'
LEFT JOIN retries ON retries.retry_of = exchanges.exchange
WHERE exchanges.operation = 'create'
    AND exchanges.outcome != 'refused'
    AND observations.interaction_id IS NULL
    AND coalesce(observations.store, 'inherited') != 'false'
    AND NOT (observations.is_complete AND observations.is_terminal)
    AND (
        exchanges.status IS NULL
        OR exchanges.status < 300
        OR exchanges.status = 408
        -- Of our own answers only 424 comes after the request went out.
        OR (exchanges.status >= 500 AND NOT exchanges.is_own_answer)
        OR (exchanges.status = 424 AND exchanges.is_own_answer)
    );
COMMENT ON VIEW orphan_suspects IS
    'Creates that may have made an interaction whose id nobody received: nobody can delete it.';

CREATE OR REPLACE VIEW rate_limits AS
SELECT
    exchanges.exchange,
    exchanges.ended_at AS seen_at,
    exchanges.operation,
    exchanges.client,
    exchanges.sdk,
    coalesce(observations.model, observations.agent) AS model,
    exchanges.error_code,
    exchanges.retry_after_s,
    retries.exchange AS retried_by,
    retries.waited_us / 1000000.0 AS retried_after_s
FROM exchanges
LEFT JOIN observations
    ON observations.exchange = exchanges.exchange AND observations.how = 'created'
LEFT JOIN retries ON retries.retry_of = exchanges.exchange
WHERE exchanges.status = 429;
COMMENT ON VIEW rate_limits IS
    'Answers 429, the wait they asked for, and after how long the SDK came again.';
