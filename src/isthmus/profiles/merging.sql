Making one profile of two. The pairs are in a temporary table; a profile is in one pair at most.

-- wait_for_writer --
-- The lock of whoever writes many profiles at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(7301881, 2)

-- keep_owners --
-- Nobody merges profiles until the transaction ends. Several can ask for that at a time.
SELECT pg_advisory_xact_lock_shared(7301881, 5)

-- change_owners --
-- The opposite: whoever has links or counts to give to profiles waits until the transaction ends.
SELECT pg_advisory_xact_lock(7301881, 5)

-- lock_owners --
-- The same for longer than a transaction.
SELECT pg_advisory_lock(7301881, 5)

-- unlock_owners --
SELECT pg_advisory_unlock(7301881, 5)

-- make_merging_pair --
-- The survivor counts as the newer of the two.
CREATE TEMPORARY TABLE IF NOT EXISTS merging_pair (
    survivor uuid NOT NULL,
    loser uuid NOT NULL
) ON COMMIT DELETE ROWS

-- empty_pairs --
DELETE FROM merging_pair

-- add_pair --
INSERT INTO merging_pair (survivor, loser) VALUES (%(survivor)s, %(loser)s)

-- lock_pairs --
-- Both sides, in one order with all others who lock profiles; how many are there, and should be.
WITH locked AS (
    SELECT profile_id
    FROM store.profile
    WHERE profile_id IN (
        SELECT survivor FROM merging_pair UNION ALL SELECT loser FROM merging_pair
    )
    ORDER BY profile_id
    FOR UPDATE
)
SELECT (SELECT count(*) FROM locked), (SELECT 2 * count(*) FROM merging_pair)

-- move_links --
UPDATE store.record_link AS link
SET profile_id = pair.survivor
FROM merging_pair AS pair
WHERE link.profile_id = pair.loser

-- move_exchanged --
-- What was exchanged of the loser was exchanged of the survivor: of each goal, the earlier day stays.
-- A row is taken away and written anew; what others wrote meanwhile stays as they wrote it.
WITH side AS MATERIALIZED (
    SELECT pair.survivor, each.profile_id, profile.made_by, profile.made_on
    FROM merging_pair AS pair
    JOIN store.profile AS loser ON loser.profile_id = pair.loser
    CROSS JOIN LATERAL (VALUES (pair.survivor), (pair.loser)) AS each (profile_id)
    JOIN store.profile AS profile ON profile.profile_id = each.profile_id
    WHERE loser.made_by IS NOT NULL
        OR EXISTS (
            SELECT FROM store.exchanged_profile AS known
            WHERE known.profile_id = pair.loser AND NOT known.made
        )
),
old_found AS (
    DELETE FROM store.exchanged_profile AS known
    USING side
    WHERE known.profile_id = side.profile_id AND NOT known.made
    RETURNING side.survivor, known.*
),
old_made AS (
    DELETE FROM store.exchanged_profile AS known
    USING side
    WHERE known.goal = side.made_by AND known.again = 0 AND known.day = side.made_on
        AND known.profile_id = side.profile_id AND known.made
    RETURNING side.survivor, known.*
),
old AS (SELECT * FROM old_found UNION ALL SELECT * FROM old_made),
kept AS (
    SELECT survivor, connection, goal, exported, min(day) AS day
    FROM old
    GROUP BY survivor, connection, goal, exported
),
new AS (
    INSERT INTO store.exchanged_profile (profile_id, connection, goal, again, day, exported)
    SELECT survivor, connection, goal,
        CASE WHEN 1 = row_number() OVER (
            PARTITION BY survivor, connection, exported ORDER BY day, goal
        ) THEN 0 ELSE goal END,
        day, exported
    FROM kept
    ORDER BY survivor
    ON CONFLICT DO NOTHING
    RETURNING *
)
INSERT INTO store.exchanged_sum (day, connection, goal, profiles, firsts, exported)
SELECT day, connection, goal, sum(number), coalesce(sum(number) FILTER (WHERE again = 0), 0),
    exported
FROM (
    SELECT day, connection, goal, again, exported, -1 AS number FROM old
    UNION ALL
    SELECT day, connection, goal, again, exported, 1 FROM new
) AS moved
GROUP BY day, connection, goal, exported
HAVING sum(number) <> 0 OR sum(number) FILTER (WHERE again = 0) <> 0

-- forget_made --
-- Their rows name them now.
UPDATE store.profile AS p
SET made_by = NULL, made_on = NULL
FROM merging_pair AS pair
WHERE p.profile_id = pair.survivor AND p.made_by IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM store.exchanged_profile AS known
        WHERE known.goal = p.made_by AND known.again = 0 AND known.day = p.made_on
            AND known.profile_id = p.profile_id AND known.made
    )

-- move_holds --
-- Where it is not known whether the loser's record was created, the survivor's is not either.
INSERT INTO store.export_hold (goal, profile_id, code, failures, next_at)
SELECT hold.goal, pair.survivor, hold.code, hold.failures, hold.next_at
FROM store.export_hold AS hold
JOIN merging_pair AS pair ON pair.loser = hold.profile_id
WHERE hold.code = 'outcome_unknown'
ORDER BY hold.goal, pair.survivor
ON CONFLICT (goal, profile_id) DO UPDATE
SET code = excluded.code, failures = excluded.failures, next_at = excluded.next_at, row_hash = NULL

-- forget_holds --
DELETE FROM store.export_hold AS hold
USING merging_pair AS pair
WHERE hold.profile_id = pair.loser

-- forget_skips --
DELETE FROM store.export_skip AS known
USING merging_pair AS pair
WHERE known.profile_id = pair.loser

-- follow_merges --
-- Those that became part of the loser are part of the survivor now.
UPDATE store.profile_merge AS earlier
SET survivor = pair.survivor
FROM merging_pair AS pair
WHERE earlier.survivor = pair.loser

-- note_merges --
INSERT INTO store.profile_merge (profile_id, survivor, run_goal)
SELECT loser, survivor, %(run_goal)s FROM merging_pair ORDER BY loser

-- drop_losers --
DELETE FROM store.profile AS p
USING merging_pair AS pair
WHERE p.profile_id = pair.loser
