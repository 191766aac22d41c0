-- Migration 3: what ties exchanges together, what things cost, and who decided.
--
-- Rows of facts of version 2 have NULL here; `*_mac` columns can be compared, and say nothing else.

ALTER TABLE exchanges ADD COLUMN api_revision VARCHAR;
ALTER TABLE exchanges ADD COLUMN retry_after_s BIGINT;
ALTER TABLE exchanges ADD COLUMN resumed_after VARCHAR;
ALTER TABLE exchanges ADD COLUMN request_mac VARCHAR;
ALTER TABLE exchanges ADD COLUMN trace_id VARCHAR;
ALTER TABLE exchanges ADD COLUMN parent_span_id VARCHAR;
ALTER TABLE exchanges ADD COLUMN is_sampled BOOLEAN;
ALTER TABLE exchanges ADD COLUMN purpose VARCHAR DEFAULT 'client';
ALTER TABLE exchanges ADD COLUMN date_at TIMESTAMP;

ALTER TABLE observations ADD COLUMN answer_mac VARCHAR;
ALTER TABLE observations ADD COLUMN label_index VARCHAR;

ALTER TABLE steps ADD COLUMN chain_mac VARCHAR;

ALTER TABLE media ADD COLUMN media_mac VARCHAR;
ALTER TABLE media ADD COLUMN source VARCHAR DEFAULT 'inline';
ALTER TABLE media ADD COLUMN width BIGINT;
ALTER TABLE media ADD COLUMN height BIGINT;
ALTER TABLE media ADD COLUMN duration_ms BIGINT;

CREATE TABLE costs (
    exchange VARCHAR,
    interaction VARCHAR,
    id_hash UBIGINT,
    seen_at TIMESTAMP,
    book VARCHAR,
    item VARCHAR,
    modality VARCHAR,
    tier VARCHAR,
    quantity BIGINT,
    unit VARCHAR,
    price_pico_usd BIGINT,
    amount_pico_usd BIGINT,
    reason VARCHAR
);
COMMENT ON TABLE costs IS
    'One line of what an interaction cost, by one price book. A NULL amount is unpriced, not zero.';

ALTER TABLE acts ADD COLUMN act VARCHAR;
ALTER TABLE acts ADD COLUMN interaction VARCHAR;
ALTER TABLE acts ADD COLUMN actor VARCHAR;
ALTER TABLE acts ADD COLUMN data VARCHAR;
