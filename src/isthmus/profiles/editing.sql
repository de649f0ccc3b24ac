Statements that change single profiles by hand.

-- lower --
-- Lower case as every part of the store makes it.
SELECT array_agg(lower(value COLLATE "pg_c_utf8") ORDER BY place)
FROM unnest(%(values)s::text[]) WITH ORDINALITY AS typed (value, place)

-- held_by_another --
SELECT value, profile_id
FROM store.identifier
WHERE property = %(property)s AND value = ANY (%(values)s) AND profile_id <> %(profile_id)s
ORDER BY value
LIMIT 1

-- drop_identifiers --
DELETE FROM store.identifier
WHERE profile_id = %(profile_id)s AND property = %(property)s AND value <> ALL (%(values)s)

-- add_identifiers --
INSERT INTO store.identifier (profile_id, property, value)
SELECT %(profile_id)s, %(property)s, value FROM unnest(%(values)s::text[]) AS given (value)
ON CONFLICT DO NOTHING
