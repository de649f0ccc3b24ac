Statements that say about how many there are, without looking at all of them.

-- size --
-- Pages of the table of profiles now; and pages and profiles when the database looked at it last.
SELECT
    pg_relation_size(oid) / current_setting('block_size')::integer,
    relpages,
    reltuples::double precision
FROM pg_class
WHERE oid = 'store.profile'::regclass

-- shares --
-- Which share of the profiles has a value in each column, as the database's statistics say.
SELECT attname, 1 - null_frac
FROM pg_stats
WHERE schemaname = 'store' AND tablename = 'profile'
