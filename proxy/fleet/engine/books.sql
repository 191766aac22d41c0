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
ALTER TABLE fleet.proxies ADD COLUMN IF NOT EXISTS mark text NOT NULL DEFAULT '';
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

-- Since when who writes files began: who removes files that no commit names begins another epoch first, so that none is
-- committed that he took. Of a lost engine's it is never one again.
CREATE TABLE IF NOT EXISTS fleet.epoch (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    name uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO fleet.epoch DEFAULT VALUES ON CONFLICT DO NOTHING;

-- A function of its own: an earlier release puts its own fence back, and what says no epoch is an earlier release's.
-- (FOR SHARE: as it is now, and not as it was when this transaction began.)
CREATE OR REPLACE FUNCTION fleet.is_of_epoch() RETURNS trigger LANGUAGE plpgsql AS $epoch$
DECLARE
    said text := new.commit_extra_info::jsonb->>'epoch';
BEGIN
    IF said IS NULL THEN
        RAISE EXCEPTION 'fleet: this is written by an earlier release, whose files another may remove: bring it to the fleet''s';
    END IF;
    PERFORM FROM fleet.epoch WHERE name::text = said FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fleet: files in no commit were removed since this was begun, and these may be among them: once more';
    END IF;
    RETURN new;
END
$epoch$;
CREATE OR REPLACE TRIGGER epoch BEFORE INSERT ON fleet_lake.ducklake_snapshot_changes
    FOR EACH ROW EXECUTE FUNCTION fleet.is_of_epoch();

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
        mark = coalesce(told->>'mark', ''),
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

-- While a fleet is brought to another release, a proxy of one that knows no marks puts its own fence back, which moves
-- positions of all and leaves their marks: such a mark is of another place, and none is better (empty: not known).
CREATE OR REPLACE FUNCTION fleet.forget_mark() RETURNS trigger LANGUAGE plpgsql AS $mark$
BEGIN
    new.mark := '';
    RETURN new;
END
$mark$;
CREATE OR REPLACE TRIGGER marked BEFORE UPDATE ON fleet.proxies
    FOR EACH ROW
    WHEN ((new.file, new.byte_offset) IS DISTINCT FROM (old.file, old.byte_offset) AND new.mark = old.mark)
    EXECUTE FUNCTION fleet.forget_mark();

-- DuckLake keeps the least and the greatest value of each column. Of digests of content none comes here: no erasure
-- would reach it. (Columns: DIGESTS in proxy/store/erasing/scrubbing.py, and what is made of them; a test compares.)
CREATE OR REPLACE FUNCTION fleet.is_of_content(of_table bigint, of_column bigint) RETURNS boolean LANGUAGE sql STABLE
AS $content$
    SELECT EXISTS (
        SELECT FROM fleet_lake.ducklake_column AS known
        WHERE known.table_id = of_table
            AND known.column_id = of_column
            AND known.column_name IN (
                'request_mac', 'answer_mac', 'label_index', 'chain_mac', 'step_mac', 'media_mac', 'mac_hash'
            )
    )
$content$;
CREATE OR REPLACE FUNCTION fleet.leave_unsaid() RETURNS trigger LANGUAGE plpgsql AS $unsaid$
BEGIN
    IF fleet.is_of_content(new.table_id, new.column_id) THEN
        new.min_value := NULL;
        new.max_value := NULL;
    END IF;
    RETURN new;
END
$unsaid$;
CREATE OR REPLACE TRIGGER unsaid BEFORE INSERT OR UPDATE ON fleet_lake.ducklake_table_column_stats
    FOR EACH ROW WHEN (new.min_value IS NOT NULL OR new.max_value IS NOT NULL) EXECUTE FUNCTION fleet.leave_unsaid();
CREATE OR REPLACE TRIGGER unsaid BEFORE INSERT OR UPDATE ON fleet_lake.ducklake_file_column_stats
    FOR EACH ROW WHEN (new.min_value IS NOT NULL OR new.max_value IS NOT NULL) EXECUTE FUNCTION fleet.leave_unsaid();
-- What an earlier release left there.
UPDATE fleet_lake.ducklake_table_column_stats AS said SET min_value = NULL, max_value = NULL
WHERE said.min_value IS NOT NULL AND fleet.is_of_content(said.table_id, said.column_id);
UPDATE fleet_lake.ducklake_file_column_stats AS said SET min_value = NULL, max_value = NULL
WHERE said.min_value IS NOT NULL AND fleet.is_of_content(said.table_id, said.column_id);
