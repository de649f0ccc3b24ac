The store's own statements.

-- lock_schema --
-- One process at a time changes tables; the number is this project's own and means only that.
SELECT pg_advisory_xact_lock(7301881, 1)

-- lock_setup --
-- One at a time changes what refers to each other in the set-up; the number is this project's own
-- and means only that.
SELECT pg_advisory_xact_lock(7301883, 1)

-- installed --
-- Which version of the tables there is; null where there are none.
SELECT obj_description(to_regnamespace('store')::oid, 'pg_namespace')

-- mark_installed --
COMMENT ON SCHEMA store IS {digest}

-- note_keeping --
INSERT INTO store.keeping (days) VALUES (%(days)s)
ON CONFLICT (one) DO UPDATE SET days = excluded.days WHERE keeping.days <> excluded.days

-- keeping --
SELECT days FROM store.keeping

-- partitions --
SELECT child.relname
FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
JOIN pg_namespace AS room ON room.oid = child.relnamespace
WHERE room.nspname = 'store' AND child.relkind = 'r'

-- stages --
-- Row ids of the goals of runs that have any table of this kind in the stage.
SELECT DISTINCT substring(relname FROM '^[a-z]+_([0-9]+)')
FROM pg_class
WHERE relnamespace = 'stage'::regnamespace AND relkind = 'r'
    AND substring(relname FROM '^([a-z]+)_[0-9]+') = %(kind)s::text

-- stage_tables --
SELECT relname
FROM pg_class
WHERE relnamespace = 'stage'::regnamespace AND relkind = 'r'
    AND substring(relname FROM '^([a-z]+)_[0-9]+') = %(kind)s::text
    AND substring(relname FROM '^[a-z]+_([0-9]+)') = %(run_goal)s::text

-- count_profiles --
SELECT count(*) FROM store.profile

-- note_upkeep --
INSERT INTO store.upkeep (what, at, facts) VALUES (%(what)s, clock_timestamp(), %(facts)s)
ON CONFLICT (what) DO UPDATE SET at = excluded.at, facts = excluded.facts

-- forget_upkeep --
DELETE FROM store.upkeep WHERE what = %(what)s

-- release --
-- Take the note away, and log who lets the store go on.
WITH released AS (
    DELETE FROM store.upkeep WHERE what = %(what)s RETURNING what
)
SELECT store.note_audit('store', 'let go on', '{"id": 0}', '{}') FROM released

-- upkeep --
SELECT at, facts FROM store.upkeep WHERE what = %(what)s
