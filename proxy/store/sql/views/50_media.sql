-- Images, sounds, films and documents by their digest: the same bytes are seen again within a UTC day.

CREATE OR REPLACE VIEW media_objects AS
SELECT
    media.media_mac,
    any_value(media.type) AS type,
    any_value(media.mime_type) AS mime_type,
    any_value(media.source) AS source,
    max(media.media_bytes) AS media_bytes,
    any_value(media.width) AS width,
    any_value(media.height) AS height,
    any_value(media.duration_ms) AS duration_ms,
    count(*) AS shown_count,
    count(DISTINCT media.exchange) AS exchange_count,
    count(DISTINCT media.interaction) AS interaction_count,
    min(exchanges.started_at) AS first_seen_at,
    max(exchanges.started_at) AS last_seen_at,
    -- Any of its copies opens it, as long as one is not erased.
    list(DISTINCT media.content_ref) FILTER (WHERE media.content_ref IS NOT NULL) AS content_refs
FROM media
LEFT JOIN exchanges ON exchanges.exchange = media.exchange
WHERE media.media_mac IS NOT NULL
GROUP BY media.media_mac;
COMMENT ON VIEW media_objects IS
    'One row per media object and UTC day, however often it was sent or shown: its size, extent, copies.';
