Statements that count profiles by when they were made. The moment stands in a profile's id, so that a
range of ids is a length of time, and the primary key is all that is read.

-- made --
-- How many of the profiles that there are were made in each of these lengths of time.
SELECT span.place, found.profiles
FROM unnest(%(begins)s::uuid[], %(ends)s::uuid[]) WITH ORDINALITY AS span (begins, ends, place)
CROSS JOIN LATERAL (
    SELECT count(*) AS profiles
    FROM store.profile
    WHERE profile_id >= span.begins AND profile_id < span.ends
) AS found
ORDER BY span.place

-- all --
SELECT count(*) FROM store.profile

-- known --
-- Profiles with an identifier, by its index: each once.
SELECT count(*)
FROM (SELECT DISTINCT profile_id FROM store.identifier) AS held
