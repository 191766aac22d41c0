-- What of Google's API this release has no name for: each once, with where and when it was met.

CREATE OR REPLACE VIEW drift AS
SELECT
    unknowns.kind,
    unknowns.name,
    unknowns.place,
    sum(unknowns.count)::BIGINT AS count,
    count(DISTINCT unknowns.exchange) AS exchange_count,
    min(unknowns.seen_at) AS first_seen_at,
    max(unknowns.seen_at) AS last_seen_at,
    -- Examples: what was met lies sealed in their raw records.
    arg_min(unknowns.exchange, unknowns.seen_at) AS first_exchange,
    arg_max(unknowns.exchange, unknowns.seen_at) AS last_exchange,
    arg_min(exchanges.interaction, unknowns.seen_at) AS first_interaction,
    coalesce(
        list_sort(list(DISTINCT exchanges.operation) FILTER (WHERE exchanges.operation IS NOT NULL)),
        []
    ) AS operations,
    coalesce(
        list_sort(list(DISTINCT exchanges.sdk) FILTER (WHERE exchanges.sdk IS NOT NULL)),
        []
    ) AS sdks,
    coalesce(
        list_sort(list(DISTINCT exchanges.api_version) FILTER (WHERE exchanges.api_version IS NOT NULL)),
        []
    ) AS api_versions,
    coalesce(
        list_sort(list(DISTINCT exchanges.api_revision) FILTER (WHERE exchanges.api_revision IS NOT NULL)),
        []
    ) AS api_revisions
FROM unknowns
LEFT JOIN exchanges ON exchanges.exchange = unknowns.exchange
GROUP BY unknowns.kind, unknowns.name, unknowns.place;
COMMENT ON VIEW drift IS
    'Every field, step, event, status or word of Google''s without a name here: how often, since when.';
