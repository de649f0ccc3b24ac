Unique profiles that came and went through a connection. The table of sums has few rows: it says how
many the other one has, and only pages of profiles are read from that.

-- totals --
SELECT exported, sum(firsts) FROM store.exchanged_sum
WHERE connection = %(connection)s
GROUP BY exported

-- sums --
-- By direction, goal and day, oldest first; days of which nothing is left have no row.
SELECT exported, goal, day, sum(profiles), sum(firsts)
FROM store.exchanged_sum
WHERE connection = %(connection)s
GROUP BY exported, goal, day
HAVING sum(profiles) <> 0 OR sum(firsts) <> 0
ORDER BY day, exported, goal

-- gone_goals --
SELECT goal, exported, key, name
FROM store.exchanged_gone
WHERE connection = %(connection)s
ORDER BY goal

-- profiles --
-- Newest day first; of each goal no more rows are read than are shown.
SELECT each.profile_id, each.day, each.goal
FROM unnest(%(goals)s::integer[], %(again)s::integer[]) AS part (goal, again)
CROSS JOIN LATERAL (
    SELECT known.profile_id, known.day, known.goal
    FROM store.exchanged_profile AS known
    WHERE known.goal = part.goal AND known.again = part.again
        AND known.day >= %(since)s
        -- The only bound from above: with another one the search would begin there.
        AND (known.day, known.profile_id) < (%(day)s, %(profile)s)
    ORDER BY known.day DESC, known.profile_id DESC
    LIMIT %(most)s
) AS each
ORDER BY each.day DESC, each.profile_id DESC
LIMIT %(most)s

-- make_one --
-- Many small sums become one for each goal and day. What others add meanwhile stays beside it.
WITH old AS (
    DELETE FROM store.exchanged_sum
    WHERE (connection, day, goal, exported) IN (
        SELECT connection, day, goal, exported
        FROM store.exchanged_sum
        GROUP BY connection, day, goal, exported
        HAVING count(*) > 1
    )
    RETURNING *
)
INSERT INTO store.exchanged_sum (day, connection, goal, profiles, firsts, exported)
SELECT day, connection, goal, sum(profiles), sum(firsts), exported
FROM old
GROUP BY day, connection, goal, exported
HAVING sum(profiles) <> 0 OR sum(firsts) <> 0
