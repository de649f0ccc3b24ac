Making one profile of two. The pairs are in a temporary table; a profile is in one pair at most.

-- wait_for_writer --
-- The lock of whoever writes many profiles at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(7301881, 2)

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

-- move_exported --
INSERT INTO store.exported_profile (connection, profile_id)
SELECT exported.connection, pair.survivor
FROM store.exported_profile AS exported
JOIN merging_pair AS pair ON pair.loser = exported.profile_id
ON CONFLICT DO NOTHING

-- forget_exported --
DELETE FROM store.exported_profile AS exported
USING merging_pair AS pair
WHERE exported.profile_id = pair.loser

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
