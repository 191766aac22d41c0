-- The books beside the lake: who ships, how far; what one proxy decides for all; who does what alone.
--
-- Made anew whenever this text changes, in one transaction; it only adds.

CREATE SCHEMA IF NOT EXISTS fleet;
CREATE TABLE IF NOT EXISTS fleet.proxies (
    proxy text PRIMARY KEY,
    vault text,
    fingerprint text NOT NULL,
    file text NOT NULL DEFAULT '',
    byte_offset bigint NOT NULL DEFAULT 0,
    exchanges bigint NOT NULL DEFAULT 0,
    shipped_at timestamptz
);
CREATE TABLE IF NOT EXISTS fleet.orders (
    id bigserial PRIMARY KEY,
    proxy text NOT NULL,
    kind text NOT NULL,
    act text NOT NULL,
    interaction text,
    data text,
    UNIQUE (proxy, kind, act, interaction)
);
CREATE TABLE IF NOT EXISTS fleet.heeded (
    proxy text NOT NULL,
    id bigint NOT NULL,
    said text NOT NULL,
    PRIMARY KEY (proxy, id)
);
CREATE TABLE IF NOT EXISTS fleet.purges (id bigserial PRIMARY KEY, proxy text NOT NULL);
CREATE TABLE IF NOT EXISTS fleet.leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    token bigint NOT NULL,
    until timestamptz NOT NULL,
    since timestamptz NOT NULL,
    is_wanted boolean NOT NULL DEFAULT false
);

-- The fence: moves a shipper's position in the transaction of its rows, or fails both.
CREATE OR REPLACE FUNCTION fleet.fence() RETURNS trigger LANGUAGE plpgsql AS $fence$
DECLARE
    told jsonb;
BEGIN
    IF new.author IS DISTINCT FROM 'ship' THEN
        RETURN new;
    END IF;
    told := new.commit_extra_info::jsonb;
    UPDATE fleet.proxies SET
        file = told->'to'->>0,
        byte_offset = (told->'to'->>1)::bigint,
        exchanges = exchanges + (told->>'exchanges')::bigint,
        shipped_at = now()
    WHERE proxy = told->>'proxy'
        AND file = told->'from'->>0
        AND byte_offset = (told->'from'->>1)::bigint;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fleet: the position of % is another by now', told->>'proxy';
    END IF;
    INSERT INTO fleet.orders (proxy, kind, act, interaction, data)
    SELECT told->>'proxy', o->>0, o->>1, o->>2, o->>3
    FROM jsonb_array_elements(told->'orders') AS o
    ON CONFLICT DO NOTHING;
    IF (told->>'has_erased')::boolean THEN
        INSERT INTO fleet.purges (proxy) VALUES (told->>'proxy');
    END IF;
    new.commit_extra_info := NULL;
    RETURN new;
END
$fence$;
CREATE OR REPLACE TRIGGER fence BEFORE INSERT ON fleet_lake.ducklake_snapshot_changes
    FOR EACH ROW EXECUTE FUNCTION fleet.fence();
