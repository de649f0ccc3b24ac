Statements that list profiles for people who look for one.

-- newest --
SELECT profile_id FROM store.profile
WHERE %(after)s::uuid IS NULL OR profile_id < %(after)s::uuid
ORDER BY profile_id DESC
LIMIT %(most)s

-- oldest --
SELECT profile_id FROM store.profile
WHERE %(after)s::uuid IS NULL OR profile_id > %(after)s::uuid
ORDER BY profile_id
LIMIT %(most)s

-- newest_known --
-- By the index of identifiers, so that it reads no more than it gives.
SELECT DISTINCT profile_id FROM store.identifier
WHERE %(after)s::uuid IS NULL OR profile_id < %(after)s::uuid
ORDER BY profile_id DESC
LIMIT %(most)s

-- oldest_known --
SELECT DISTINCT profile_id FROM store.identifier
WHERE %(after)s::uuid IS NULL OR profile_id > %(after)s::uuid
ORDER BY profile_id
LIMIT %(most)s

-- linked_objects --
SELECT DISTINCT profile_id, object
FROM store.record_link
WHERE profile_id = ANY (%(ids)s) AND gone IS NULL
ORDER BY profile_id, object

-- about_how_many --
-- As the database's own statistics have it: counting takes as long as reading all.
SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'store.profile'::regclass
