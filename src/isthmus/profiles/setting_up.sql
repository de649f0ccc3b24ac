Statements about which segments and properties there are.

-- segments_by_property --
-- How many segments ask for each property that any asks for.
SELECT named.value #>> '{}', count(DISTINCT segment.id)
FROM profiles_segment AS segment
CROSS JOIN LATERAL jsonb_path_query(segment."where", '$.**.property') AS named (value)
GROUP BY 1

-- segments_of_property --
-- The oldest segments that ask for the property: no more are looked at than it takes to find them.
SELECT id
FROM profiles_segment
WHERE jsonb_path_exists(
    "where", '$.**.property ? (@ == $key)', jsonb_build_object('key', %(key)s::text)
)
ORDER BY id
LIMIT %(most)s
