Statements that look for profiles and read them.

-- profiles_of_value --
-- Profiles that have the value as an identifier, in the form in which each property keeps it; as
-- their own id, or that of one that became part of them; or as the id of a record that is linked to
-- them.
WITH candidate AS (
    SELECT
        id AS property,
        CASE
            WHEN normalise = 'lowercase'
                THEN lower(btrim(%(value)s, %(whitespace)s) COLLATE "pg_c_utf8")
            WHEN normalise = 'trim' OR type <> 'text' THEN btrim(%(value)s, %(whitespace)s)
            ELSE %(value)s
        END COLLATE "C" AS value
    FROM profiles_property
    WHERE identifier
)
SELECT held.profile_id
FROM store.identifier AS held
JOIN candidate USING (property, value)
UNION
SELECT profile_id FROM store.profile WHERE profile_id = %(profile_id)s
UNION
SELECT profile_id FROM store.record_link
WHERE record_id = %(record_id)s AND profile_id IS NOT NULL
UNION
SELECT survivor FROM store.profile_merge WHERE profile_id = %(profile_id)s
ORDER BY profile_id

-- profiles --
SELECT * FROM store.profile WHERE profile_id = ANY (%(ids)s) ORDER BY profile_id

-- identifiers --
SELECT held.profile_id, property.key, held.value
FROM store.identifier AS held
JOIN profiles_property AS property ON property.id = held.property
WHERE held.profile_id = ANY (%(ids)s)
ORDER BY held.property, held.value

-- links --
SELECT profile_id, record_id, object, goal, reason, gone, successor
FROM store.record_link
WHERE profile_id = ANY (%(ids)s)
ORDER BY record_id, goal
