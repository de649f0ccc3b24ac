The fixed statements of an import. A chunk's records are in temporary tables that are emptied at
the end of each transaction; `n` numbers them in the order in which they are applied.

-- waiting --
-- Records to read again although they did not change: what kept them out may be gone.
SELECT record_id
FROM store.record_link
WHERE goal = %(goal)s
    AND gone IS NULL
    AND reason IN ('no_match', 'ambiguous', 'identifier_taken')
ORDER BY record_id

-- count_known --
-- Records that the goal has brought into profiles, and that are there still.
SELECT count(*)
FROM store.record_link
WHERE goal = %(goal)s AND profile_id IS NOT NULL AND gone IS NULL

-- make_chunk_record --
CREATE TEMPORARY TABLE IF NOT EXISTS chunk_record (
    n integer NOT NULL,
    round integer,                       -- of matching, in which it was decided
    tid tid NOT NULL,                    -- of the staged row
    hash bigint NOT NULL,
    link tid,                            -- place of the goal's link of the record
    link_profile uuid,                   -- that a link names already
    former_profile uuid,                 -- of a record that became this one
    profile_id uuid,                     -- decided; without a round where that was clear at once
    known boolean NOT NULL,              -- the link names a profile
    lives boolean NOT NULL,              -- and is no tombstone
    waits boolean NOT NULL,              -- it was to be read again
    misfit boolean NOT NULL,             -- some value does not fit its property
    partial boolean NOT NULL,            -- applied before, but for the rows in `refused`
    refused smallint[],                  -- mapping rows whose identifiers were taken
    before text,                         -- why it was not fully applied the last time
    told bigint,                         -- hash of what is said of it, where it is ambiguous
    creates boolean NOT NULL DEFAULT false,
    fresh boolean NOT NULL DEFAULT false,  -- its profile is made by this chunk
    folded boolean NOT NULL DEFAULT false, -- its profile gets several records of this chunk
    record_id text COLLATE "C" NOT NULL,
    stamp text COLLATE "C" NOT NULL,
    gone text,
    successor text COLLATE "C",
    outcome text,                        -- null: to be applied
    reason text
) ON COMMIT DELETE ROWS

-- make_chunk_claim --
-- An identifier value that a record brings. Kinds: `list` adds to a list; `fill` goes into an
-- empty single property; `replace` overwrites a single one.
CREATE TEMPORARY TABLE IF NOT EXISTS chunk_claim (
    n integer NOT NULL,
    property smallint NOT NULL,
    place smallint NOT NULL,
    finds boolean NOT NULL,
    kind text NOT NULL,
    value text COLLATE "C" NOT NULL,
    owner uuid
) ON COMMIT DELETE ROWS

-- make_chunk_gain --
-- An identifier value that a profile gets.
CREATE TEMPORARY TABLE IF NOT EXISTS chunk_gain (
    n integer NOT NULL,
    property smallint NOT NULL,
    profile_id uuid NOT NULL,
    kind text NOT NULL,
    value text COLLATE "C" NOT NULL
) ON COMMIT DELETE ROWS

-- make_chunk_refused --
-- Mapping rows that do not apply to a record although their value fits.
CREATE TEMPORARY TABLE IF NOT EXISTS chunk_refused (
    n integer NOT NULL,
    place smallint NOT NULL,
    code text NOT NULL
) ON COMMIT DELETE ROWS

-- make_chunk_problem --
CREATE TEMPORARY TABLE IF NOT EXISTS chunk_problem (
    n integer NOT NULL,
    field text,
    property text,
    code text NOT NULL,
    message text NOT NULL,
    value text
) ON COMMIT DELETE ROWS

-- make_chunk_changed --
CREATE TEMPORARY TABLE IF NOT EXISTS chunk_changed (n integer NOT NULL) ON COMMIT DELETE ROWS

-- lock_writer --
-- One chunk at a time over the store; the number is this project's own.
SELECT pg_advisory_lock(7301881, 2)

-- unlock_writer --
SELECT pg_advisory_unlock(7301881, 2)

-- make_run_former --
-- Records of the run that became others and that some goal had linked.
CREATE TEMPORARY TABLE IF NOT EXISTS run_former (
    record_id text COLLATE "C" PRIMARY KEY,
    successor text COLLATE "C" NOT NULL,
    stamp text COLLATE "C" NOT NULL
)

-- index_run_former --
CREATE INDEX IF NOT EXISTS run_former_successor ON run_former (successor)

-- empty_run_former --
DELETE FROM run_former

-- any_successor --
-- Whether any record became another one. The lowest is found at once where there is none.
SELECT min(successor) IS NOT NULL OR EXISTS (SELECT FROM run_former)
FROM store.record_link
WHERE successor IS NOT NULL

-- resolve --
-- Decide the records that no earlier undecided record can influence: none of the values that
-- nobody owns yet is claimed by one before it.
WITH todo AS MATERIALIZED (
    SELECT n, link_profile, former_profile
    FROM chunk_record
    WHERE outcome IS NULL AND profile_id IS NULL
),
claim AS MATERIALIZED (
    SELECT claim.n, claim.property, claim.value, claim.finds, claim.owner
    FROM chunk_claim AS claim
    JOIN todo USING (n)
),
contested AS (
    SELECT property, value, min(n) AS first
    FROM claim
    WHERE owner IS NULL
    GROUP BY property, value
    HAVING count(*) > 1
),
asked AS (
    SELECT
        claim.n,
        bool_or(claim.finds) AS asks,
        bool_or(claim.owner IS NULL AND claim.n > contested.first) AS waits,
        -- There is no lowest of uuids; as texts they have the same order.
        min(claim.owner::text) FILTER (WHERE claim.finds)::uuid AS lowest,
        max(claim.owner::text) FILTER (WHERE claim.finds)::uuid AS highest
    FROM claim
    LEFT JOIN contested USING (property, value)
    GROUP BY claim.n
),
judged AS MATERIALIZED (
    SELECT
        todo.n,
        -- The profile of a former record counts only where nothing else is found: both are merged
        -- in the end.
        coalesce(todo.link_profile, asked.lowest, todo.former_profile) AS profile_id,
        CASE
            WHEN asked.lowest <> asked.highest OR asked.lowest <> todo.link_profile THEN 2
            WHEN coalesce(todo.link_profile, asked.lowest, todo.former_profile) IS NULL THEN 0
            ELSE 1
        END AS profiles,
        coalesce(asked.asks, false) AS asks
    FROM todo
    LEFT JOIN asked USING (n)
    WHERE asked.waits IS NOT TRUE
),
decided AS (
    SELECT
        n,
        CASE
            WHEN profiles = 1 THEN profile_id
            WHEN profiles = 0 AND asks AND %(creates)s THEN (
                -- A version 7 uuid: milliseconds, a counter (n, running over into the
                -- milliseconds), and 60 bits of a hash of n with a random number of this round.
                -- uuidv7() asks the kernel for random bytes each time, which takes four times
                -- as long.
                lpad(to_hex(%(milliseconds)s::bigint + n / 4096), 12, '0')
                || '7' || lpad(to_hex(n %% 4096), 3, '0')
                || 'a' || substr(md5(n || %(seed)s), 1, 15)
            )::uuid
        END AS profile_id,
        profiles = 0 AND asks AND %(creates)s AS creates,
        CASE
            WHEN profiles > 1 THEN 'ambiguous'
            WHEN profiles = 0 AND NOT asks THEN 'no_identifier'
            WHEN profiles = 0 AND NOT %(creates)s THEN 'no_match'
        END AS reason
    FROM judged
)
UPDATE chunk_record AS record
SET
    round = %(round)s,
    profile_id = decided.profile_id,
    creates = decided.creates,
    fresh = decided.creates,
    outcome = CASE WHEN decided.reason IS NOT NULL THEN 'skipped' END,
    reason = decided.reason
FROM decided
WHERE record.n = decided.n

-- refuse_applied --
-- Of a record that was applied but for some rows, the others stay as they are.
INSERT INTO chunk_refused (n, place, code)
SELECT record.n, place, 'applied'
FROM chunk_record AS record
CROSS JOIN unnest(%(places)s::smallint[]) AS place
WHERE record.partial AND record.outcome IS NULL AND place <> ALL (record.refused)

-- refuse_taken --
-- A mapped identifier value that another profile holds when its record's turn comes.
INSERT INTO chunk_refused (n, place, code)
SELECT DISTINCT claim.n, claim.place, 'identifier_taken'
FROM chunk_claim AS claim
JOIN chunk_record AS record USING (n)
WHERE record.round = %(round)s
    AND record.profile_id IS NOT NULL
    AND NOT claim.finds
    AND claim.owner <> record.profile_id
    AND NOT EXISTS (
        SELECT FROM chunk_refused AS refused
        WHERE refused.n = claim.n AND refused.place = claim.place
    )

-- gain_created --
-- A profile made in this round has one record only, whose values are all new to it. Not used
-- where several rows bring one single property: there the first of them has to be chosen.
INSERT INTO chunk_gain (n, property, profile_id, kind, value)
SELECT claim.n, claim.property, record.profile_id, claim.kind, claim.value
FROM chunk_claim AS claim
JOIN chunk_record AS record USING (n)
WHERE record.round = %(round)s
    AND record.creates
    AND claim.owner IS NULL
    AND NOT EXISTS (
        SELECT FROM chunk_refused AS refused
        WHERE refused.n = claim.n AND refused.place = claim.place
    )

-- gain_listed --
-- Of a row that brings several values, none is gained where another profile holds one of them.
INSERT INTO chunk_gain (n, property, profile_id, kind, value)
SELECT claim.n, claim.property, record.profile_id, claim.kind, claim.value
FROM chunk_claim AS claim
JOIN chunk_record AS record USING (n)
WHERE record.round = %(round)s
    AND record.profile_id IS NOT NULL
    AND NOT (record.creates AND %(created_done)s)
    AND claim.owner IS NULL
    AND claim.kind <> 'fill'
    AND NOT EXISTS (
        SELECT FROM chunk_refused AS refused
        WHERE refused.n = claim.n AND refused.place = claim.place
    )

-- gain_filled --
-- The first value for an empty single property. A profile made in this round is empty for sure.
INSERT INTO chunk_gain (n, property, profile_id, kind, value)
SELECT n, property, profile_id, 'fill', value
FROM (
    SELECT
        claim.n,
        claim.property,
        claim.value,
        record.profile_id,
        record.creates,
        row_number() OVER (
            PARTITION BY record.profile_id, claim.property
            ORDER BY claim.n, claim.place > 0, abs(claim.place)
        ) AS turn
    FROM chunk_claim AS claim
    JOIN chunk_record AS record USING (n)
    WHERE record.round = %(round)s
        AND record.profile_id IS NOT NULL
        AND NOT (record.creates AND %(created_done)s)
        AND claim.owner IS NULL
        AND claim.kind = 'fill'
        AND NOT EXISTS (
            SELECT FROM chunk_refused AS refused
            WHERE refused.n = claim.n AND refused.place = claim.place
        )
) AS candidate
WHERE turn = 1
    AND NOT EXISTS (
        SELECT FROM chunk_gain AS gain
        WHERE gain.profile_id = candidate.profile_id AND gain.property = candidate.property
    )
    AND (
        creates
        OR NOT EXISTS (
            SELECT FROM store.identifier AS held
            WHERE held.profile_id = candidate.profile_id AND held.property = candidate.property
        )
    )

-- own_gained --
-- From now on the values that were gained have an owner, for the records that waited.
UPDATE chunk_claim AS claim
SET owner = gain.profile_id
FROM chunk_gain AS gain
WHERE claim.owner IS NULL AND claim.property = gain.property AND claim.value = gain.value
    AND claim.n IN (
        SELECT n FROM chunk_record WHERE outcome IS NULL AND profile_id IS NULL
    )

-- cut_released --
-- The first record that asks for a value which an earlier record of the chunk gave up by
-- replacing it: the owners in the store no longer tell the truth for it.
WITH held AS (
    SELECT
        record.profile_id,
        claim.property,
        claim.n,
        claim.value,
        lag(claim.value) OVER (
            PARTITION BY record.profile_id, claim.property ORDER BY claim.n, claim.kind
        ) AS before
    FROM chunk_claim AS claim
    JOIN chunk_record AS record USING (n)
    WHERE record.profile_id IS NOT NULL
        AND (
            claim.kind = 'replace'
            AND NOT EXISTS (
                SELECT FROM chunk_refused AS refused
                WHERE refused.n = claim.n AND refused.place = claim.place
            )
            OR EXISTS (
                SELECT FROM chunk_gain AS gain
                WHERE gain.n = claim.n AND gain.property = claim.property
                    AND gain.value = claim.value AND gain.kind = 'fill'
            )
        )
),
released AS (
    SELECT held.n, held.property, coalesce(held.before, there.value) AS value
    FROM held
    LEFT JOIN store.identifier AS there
        ON held.before IS NULL
        AND there.profile_id = held.profile_id
        AND there.property = held.property
    WHERE coalesce(held.before, there.value) <> held.value
)
SELECT min(claim.n)
FROM chunk_claim AS claim
JOIN released USING (property, value)
WHERE claim.n > released.n

-- cut_filled --
-- A single property was filled by a record although an earlier one, decided in a later round,
-- comes first: the chunk ends with that earlier one.
WITH late AS MATERIALIZED (
    SELECT claim.n, claim.place, claim.property, record.profile_id
    FROM chunk_record AS record
    JOIN chunk_claim AS claim USING (n)
    WHERE record.round > 1 AND record.profile_id IS NOT NULL AND claim.kind <> 'list'
)
SELECT min(late.n) + 1
FROM late
JOIN chunk_gain AS gain USING (profile_id, property)
WHERE gain.kind = 'fill'
    AND late.n < gain.n
    AND NOT EXISTS (
        SELECT FROM chunk_refused AS refused
        WHERE refused.n = late.n AND refused.place = late.place
    )

-- cut_records --
DELETE FROM chunk_record WHERE n >= %(cut)s

-- reset_records --
UPDATE chunk_record
SET round = NULL, profile_id = NULL, creates = false, fresh = false, folded = false,
    outcome = NULL, reason = NULL
WHERE round IS NOT NULL

-- reset_claims --
DELETE FROM chunk_claim

-- reset_gains --
DELETE FROM chunk_gain

-- reset_refused --
DELETE FROM chunk_refused

-- mark_folded --
WITH shared AS (
    SELECT profile_id, bool_or(creates) AS fresh
    FROM chunk_record
    WHERE outcome IS NULL
        -- Of several records of a profile, at most one made it.
        AND profile_id IN (
            SELECT profile_id FROM chunk_record WHERE outcome IS NULL AND NOT creates
        )
    GROUP BY profile_id
    HAVING count(*) > 1
)
UPDATE chunk_record AS record
SET folded = true, fresh = shared.fresh
FROM shared
WHERE record.profile_id = shared.profile_id AND record.outcome IS NULL

-- lock_unchanged --
-- Hold the profiles that get records and are not written themselves; writing holds the others. Of
-- those that share several records it is not known whether they were written.
WITH meant AS MATERIALIZED (
    SELECT DISTINCT profile_id
    FROM chunk_record
    WHERE outcome IS NULL
        AND NOT fresh
        AND (folded OR n NOT IN (SELECT n FROM chunk_changed))
),
locked AS (
    SELECT profile_id
    FROM store.profile
    WHERE profile_id IN (SELECT profile_id FROM meant)
    ORDER BY profile_id
    FOR NO KEY UPDATE
)
SELECT (SELECT count(*) FROM locked), (SELECT count(*) FROM meant)

-- count_kinds --
-- How many records make a profile alone, change one alone, and share one with others.
SELECT
    count(*) FILTER (WHERE fresh AND NOT folded),
    count(*) FILTER (WHERE NOT fresh AND NOT folded),
    count(*) FILTER (WHERE folded)
FROM chunk_record
WHERE outcome IS NULL

-- note_problems --
INSERT INTO store.run_problem
    (profile_id, run_goal, record_id, field, property, code, message, value)
SELECT
    record.profile_id, %(run_goal)s, record.record_id,
    problem.field, problem.property, problem.code, problem.message, left(problem.value, 500)
FROM chunk_problem AS problem
JOIN chunk_record AS record USING (n)

-- fail_too_large --
UPDATE chunk_record
SET outcome = 'failed', reason = 'too_large', profile_id = NULL
WHERE outcome IS NULL

-- note_too_large --
INSERT INTO store.run_problem (profile_id, run_goal, record_id, code, message)
SELECT
    link_profile, %(run_goal)s, record_id, 'too_large',
    'With the values of this record its profile would no longer fit a database row. Nothing of it '
    || 'was applied. Map fewer fields to properties, or shorten the lists of the profile.'
FROM chunk_record
WHERE reason = 'too_large'

-- note_ambiguous --
-- Which profiles were found, in words: a person has to choose. The same is not said in every run.
WITH doubtful AS MATERIALIZED (
    SELECT n, link_profile FROM chunk_record WHERE reason = 'ambiguous'
),
found AS (
    SELECT
        each.n,
        'The record matches several profiles: ' || string_agg(DISTINCT owner::text, ', ')
        || '. Nothing of it was applied. Correct the identifiers, here or in Salesforce.' AS message
    FROM (
        SELECT n, link_profile AS owner FROM doubtful
        UNION ALL
        SELECT n, owner FROM chunk_claim JOIN doubtful USING (n) WHERE finds
    ) AS each
    WHERE owner IS NOT NULL
    GROUP BY each.n
),
told AS (
    UPDATE chunk_record AS record
    SET told = hashtextextended(found.message, 0)
    FROM found
    WHERE found.n = record.n
    RETURNING record.record_id, record.before, record.told, found.message
)
INSERT INTO store.run_problem (run_goal, record_id, code, message)
SELECT %(run_goal)s, record_id, 'ambiguous', message
FROM told
WHERE before IS DISTINCT FROM 'ambiguous'
    OR told IS DISTINCT FROM (
        SELECT link.told FROM store.record_link AS link
        WHERE link.record_id = told.record_id AND link.goal = %(goal)s
    )

-- insert_identifiers --
-- Sorted, so that two transactions insert the same values in the same order. Properties that a
-- row can overwrite are left out: what they hold in the end is known only after the merge.
INSERT INTO store.identifier (property, value, profile_id)
SELECT DISTINCT property, value, profile_id
FROM chunk_gain
WHERE property <> ALL (%(replaced)s)
ORDER BY property, value

-- bury_links --
-- What was summed stays known: the profile keeps it, and an undeleted record must not add it
-- again. What exports know of the record ends as well; other imports will see for themselves.
-- A record that was gone before is told again where another one took over from it since.
UPDATE store.record_link AS link
SET gone = record.gone, successor = record.successor, stamp = record.stamp::timestamptz,
    hash = NULL, reason = NULL, refused = NULL,
    due = CASE
        WHEN link.profile_id IS NULL THEN NULL
        WHEN link.goal = %(goal)s THEN 'gone'
        WHEN record.successor IS NOT NULL THEN 'heir'
    END
FROM chunk_record AS record
WHERE link.record_id = record.record_id
    AND record.gone IS NOT NULL
    AND record.reason IS NOT NULL
    AND (
        record.outcome IN ('removed', 'skipped')
        AND (link.goal = %(goal)s OR link.goal = ANY (%(others)s) AND link.sent IS NOT NULL)
        OR record.outcome = 'unchanged' AND link.goal = %(goal)s
        AND record.successor <> coalesce(link.successor, '')
    )

-- count_made --
-- Profiles that the chunk made are in nobody's count yet.
INSERT INTO store.exchanged_profile (profile_id, connection, goal, again, day, exported, made)
SELECT profile_id, %(connection)s, %(goal)s, 0, %(day)s, false, true
FROM chunk_record
-- Of several records of a profile, one made it.
WHERE outcome IS NULL AND creates

-- count_found --
-- Profiles that were there and that the goal has not brought in before, once for it and once for its
-- connection; summed up with those that the chunk made.
WITH member AS MATERIALIZED (
    SELECT DISTINCT profile_id
    FROM chunk_record
    WHERE outcome IS NULL AND NOT fresh
        AND (NOT known OR link_profile IS DISTINCT FROM profile_id)
),
new AS (
    INSERT INTO store.exchanged_profile (profile_id, connection, goal, again, day, exported)
    SELECT member.profile_id, %(connection)s, %(goal)s,
        CASE WHEN known.goal IS NULL THEN 0 ELSE %(goal)s END, %(day)s, false
    FROM member
    -- A look-up for each: the chunk is in no statistics.
    LEFT JOIN LATERAL (
        SELECT goal FROM store.exchanged_profile AS known
        WHERE known.profile_id = member.profile_id AND known.connection = %(connection)s
            AND NOT known.exported AND known.again = 0 AND NOT known.made
        UNION ALL
        SELECT made_by FROM store.profile
        WHERE profile_id = member.profile_id
            AND made_by IN (
                SELECT goal FROM store.exchanged_sum WHERE connection = %(connection)s
            )
        OFFSET 0
    ) AS known ON true
    WHERE known.goal IS DISTINCT FROM %(goal)s
    ORDER BY member.profile_id
    ON CONFLICT DO NOTHING
    RETURNING again
)
INSERT INTO store.exchanged_sum (day, connection, goal, profiles, firsts, exported)
SELECT %(day)s, %(connection)s, %(goal)s, count(*) + %(made)s::integer,
    count(*) FILTER (WHERE again = 0) + %(made)s::integer, false
FROM new
HAVING count(*) + %(made)s::integer > 0

-- any_newly_linked --
SELECT EXISTS (
    SELECT FROM chunk_record
    WHERE NOT lives AND NOT fresh AND gone IS NULL AND (outcome IS NULL OR known)
)

-- open_in_exports --
-- Another record of the profile has been sent before: it has several now. Exports leave a profile
-- alone that has not changed and whose record is settled, unless it is noted as open.
INSERT INTO store.export_open AS known (goal, profile_id)
SELECT DISTINCT link.goal, link.profile_id
FROM (
    SELECT record_id, coalesce(profile_id, link_profile) AS profile_id
    FROM chunk_record
    WHERE NOT lives AND NOT fresh AND gone IS NULL AND (outcome IS NULL OR known)
) AS record
-- A look-up for each record, as in taking.
CROSS JOIN LATERAL (
    SELECT * FROM store.record_link AS link WHERE link.profile_id = record.profile_id OFFSET 0
) AS link
WHERE link.record_id <> record.record_id
    AND link.goal = ANY (%(others)s) AND link.sent IS NOT NULL
ORDER BY 1, 2
ON CONFLICT (goal, profile_id) DO UPDATE SET at = clock_timestamp()

-- note_heirs --
-- Records that are new to the goal and took over from others, which may have another profile.
UPDATE store.record_link AS former
SET due = 'heir'
FROM chunk_record AS heir
WHERE former.successor = heir.record_id
    AND former.goal = ANY (%(goals)s)
    AND former.gone IS NOT NULL
    AND former.due IS NULL
    AND former.profile_id <> heir.profile_id
    AND heir.outcome IS NULL
    AND NOT heir.known

-- forget_waiting --
-- Records that were left out the last time and are as they were applied before: nothing is left to
-- do.
UPDATE store.record_link AS link
SET reason = NULL
FROM chunk_record AS record
WHERE record.before <> 'problem'
    AND record.outcome = 'unchanged'
    AND record.gone IS NULL
    -- Of a record that was read twice, the later row counts.
    AND record.n IN (SELECT max(n) FROM chunk_record GROUP BY record_id)
    AND link.record_id = record.record_id
    AND link.goal = %(goal)s

-- count_undecided --
SELECT count(*), count(*) FILTER (WHERE profile_id IS NULL)
FROM chunk_record
WHERE outcome IS NULL

-- count_applied --
SELECT count(*) FROM chunk_record WHERE outcome IS NULL

-- any_partial --
SELECT EXISTS (SELECT FROM chunk_record WHERE partial AND outcome IS NULL)

-- remember_linked --
-- A record that was linked and can't be applied now: the link stays, with the reason.
UPDATE store.record_link AS link
SET reason = record.reason, told = record.told, gone = NULL, successor = NULL, due = NULL
FROM chunk_record AS record
WHERE link.record_id = record.record_id
    AND link.goal = %(goal)s
    AND record.outcome IN ('skipped', 'failed')
    AND record.gone IS NULL
    AND (
        link.reason IS DISTINCT FROM record.reason OR link.told IS DISTINCT FROM record.told
        OR link.gone IS NOT NULL
    )

-- remember_unlinked --
INSERT INTO store.record_link (record_id, goal, object, stamp, version, reason, told)
SELECT record_id, %(goal)s, %(object)s, stamp::timestamptz, %(version)s, reason, told
FROM chunk_record
WHERE outcome IN ('skipped', 'failed') AND gone IS NULL AND link IS NULL
ORDER BY record_id

-- note_records --
-- What became of records, where that is news: a record that is left out for the reason that its
-- link remembers is only counted, and one that no longer is left out is noted, changed or not.
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
SELECT
    coalesce(profile_id, CASE WHEN final IN ('removed', 'unchanged') THEN link_profile END),
    %(run_goal)s, record_id, final, reason
FROM (
    SELECT
        *,
        coalesce(
            outcome,
            CASE
                WHEN creates THEN 'created'
                WHEN n IN (SELECT n FROM chunk_changed) THEN 'updated'
                ELSE 'unchanged'
            END
        ) AS final
    FROM chunk_record
) AS record
WHERE CASE
    WHEN final = 'unchanged' THEN
        before IN ('no_match', 'ambiguous', 'no_identifier', 'too_large')
        -- Of a record that was read twice, the later row counts.
        AND n IN (SELECT max(n) FROM chunk_record GROUP BY record_id)
    WHEN final IN ('skipped', 'failed') THEN reason IS DISTINCT FROM before
    ELSE true
END

-- count_outcomes --
SELECT
    coalesce(
        outcome,
        CASE
            WHEN creates THEN 'created'
            WHEN n IN (SELECT n FROM chunk_changed) THEN 'updated'
            ELSE 'unchanged'
        END
    ) AS final,
    reason,
    count(*)
FROM chunk_record
GROUP BY final, reason

-- last_of_chunk --
SELECT stamp, record_id, n FROM chunk_record ORDER BY n DESC LIMIT 1

-- note_position --
UPDATE connections_rungoal
SET position = %(position)s, counts = %(counts)s
WHERE id = %(run_goal)s

-- count_due --
SELECT
    count(*) FILTER (WHERE due = 'heir' OR goal = %(goal)s AND due = 'gone'),
    count(*) FILTER (WHERE goal = %(goal)s)
FROM store.record_link
WHERE due IS NOT NULL AND goal = ANY (%(goals)s)

-- make_settle_pair --
CREATE TEMPORARY TABLE IF NOT EXISTS settle_pair (
    place bigint NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    successor text COLLATE "C",
    goal integer NOT NULL,
    former uuid NOT NULL,
    heir uuid
) ON COMMIT DELETE ROWS

-- find_pairs --
-- Records that are gone, with their own profile and that of the record which took over.
INSERT INTO settle_pair (place, record_id, successor, goal, former, heir)
SELECT
    row_number() OVER (ORDER BY due.record_id, due.goal),
    due.record_id, due.successor, due.goal, due.profile_id,
    (
        SELECT heir.profile_id
        FROM store.record_link AS heir
        WHERE heir.record_id = due.successor
            AND heir.goal = ANY (%(goals)s)
            AND heir.profile_id IS NOT NULL
        ORDER BY heir.gone IS NOT NULL, heir.goal
        LIMIT 1
    )
FROM (
    SELECT *
    FROM store.record_link
    WHERE due IS NOT NULL
        AND goal = ANY (%(goals)s)
        AND (due = 'heir' OR goal = %(goal)s AND due = 'gone')
    ORDER BY record_id, goal
    LIMIT %(size)s
) AS due

-- note_pairs --
-- What is left of these records to do.
UPDATE store.record_link AS link
SET due = CASE WHEN link.due = 'gone' THEN 'object type' END
FROM settle_pair AS pair
WHERE link.record_id = pair.record_id AND link.goal = pair.goal

-- drop_equal_pairs --
DELETE FROM settle_pair WHERE heir IS NULL OR heir = former

-- choose_pairs --
-- The pairs that no earlier pair touches; newer is the profile whose live record changed last.
WITH first_pair AS (
    SELECT profile_id, min(place) AS first
    FROM (
        SELECT former AS profile_id, place FROM settle_pair
        UNION ALL
        SELECT heir, place FROM settle_pair
    ) AS touched
    GROUP BY profile_id
)
INSERT INTO merging_pair (survivor, loser)
SELECT
    CASE WHEN newer THEN heir ELSE former END,
    CASE WHEN newer THEN former ELSE heir END
FROM (
    SELECT
        pair.former, pair.heir,
        ROW(coalesce(of_heir.stamp, '-infinity'), pair.heir)
        > ROW(coalesce(of_former.stamp, '-infinity'), pair.former) AS newer
    FROM settle_pair AS pair
    JOIN first_pair AS mine ON mine.profile_id = pair.former AND mine.first = pair.place
    JOIN first_pair AS theirs ON theirs.profile_id = pair.heir AND theirs.first = pair.place
    CROSS JOIN LATERAL (
        SELECT max(link.stamp) AS stamp FROM store.record_link AS link
        WHERE link.profile_id = pair.heir AND link.gone IS NULL
    ) AS of_heir
    CROSS JOIN LATERAL (
        SELECT max(link.stamp) AS stamp FROM store.record_link AS link
        WHERE link.profile_id = pair.former AND link.gone IS NULL
    ) AS of_former
) AS compared

-- follow_pairs --
-- The other pairs of the profiles that went.
UPDATE settle_pair AS pair
SET
    former = coalesce((SELECT survivor FROM merging_pair WHERE loser = pair.former), pair.former),
    heir = coalesce((SELECT survivor FROM merging_pair WHERE loser = pair.heir), pair.heir)
WHERE former IN (SELECT loser FROM merging_pair) OR heir IN (SELECT loser FROM merging_pair)

-- note_review --
INSERT INTO store.run_problem (profile_id, run_goal, record_id, code, message)
SELECT
    former, %(run_goal)s, successor, 'ambiguous',
    'Record ' || record_id || ' became record ' || successor || ', and each has a profile of its '
    || 'own: ' || former || ' and ' || heir || '. Both were left as they are, as the goal asks. '
    || 'Merge the two profiles, or leave them apart.'
FROM settle_pair

-- lost_objects --
-- Profiles that no longer have a live record of an object, with the records that are gone.
-- `replaced`: a converted lead is a contact now.
WITH due AS (
    SELECT record_id, goal, profile_id, object, gone
    FROM store.record_link
    WHERE due = 'object type' AND goal = %(goal)s
    ORDER BY record_id
    LIMIT %(size)s
),
settled AS (
    UPDATE store.record_link AS link
    SET due = NULL
    FROM due
    WHERE link.record_id = due.record_id AND link.goal = due.goal
)
INSERT INTO settle_object (profile_id, record_id, converted)
SELECT due.profile_id, min(due.record_id), bool_or(due.gone = 'converted')
FROM due
WHERE (due.gone = 'converted' OR %(removes)s)
    AND due.profile_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM store.record_link AS other
        WHERE other.profile_id = due.profile_id
            AND other.object = due.object
            AND other.gone IS NULL
    )
GROUP BY due.profile_id

-- make_settle_object --
CREATE TEMPORARY TABLE IF NOT EXISTS settle_object (
    profile_id uuid NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    converted boolean NOT NULL
) ON COMMIT DELETE ROWS

-- make_run_missing --
-- Linked records that a full read did not bring and that Salesforce does not have either.
CREATE TEMPORARY TABLE IF NOT EXISTS run_missing (record_id text COLLATE "C" PRIMARY KEY)

-- empty_missing --
DELETE FROM run_missing

-- forget_there --
DELETE FROM run_missing WHERE record_id = ANY (%(there)s)

-- missing_ids --
SELECT record_id FROM run_missing ORDER BY record_id LIMIT %(most)s

-- drop_run_there --
DROP TABLE IF EXISTS run_there

-- make_run_there --
-- Records that Salesforce has, although the goal's filter leaves them out.
CREATE TEMPORARY TABLE run_there (record_id text COLLATE "C" NOT NULL)

-- note_there --
INSERT INTO run_there (record_id) SELECT unnest(%(there)s::text[])

-- forget_filtered --
-- A record that the goal no longer reads waits for nothing.
DELETE FROM store.record_link AS link
USING run_missing AS missing
WHERE link.record_id = missing.record_id AND link.goal = %(goal)s AND link.profile_id IS NULL
    AND link.gone IS NULL
    AND EXISTS (SELECT FROM run_there WHERE run_there.record_id = missing.record_id)

-- forget_run_there --
DELETE FROM run_missing USING run_there WHERE run_there.record_id = run_missing.record_id

-- any_missing --
SELECT EXISTS (SELECT FROM run_missing)

-- bury_missing --
WITH part AS (
    DELETE FROM run_missing
    WHERE record_id IN (SELECT record_id FROM run_missing ORDER BY record_id LIMIT %(size)s)
    RETURNING record_id
),
buried AS (
    UPDATE store.record_link AS link
    SET gone = 'deleted', hash = NULL, reason = NULL, refused = NULL,
        due = CASE WHEN link.profile_id IS NOT NULL THEN 'gone' END
    FROM part
    WHERE link.record_id = part.record_id AND link.goal = %(goal)s AND link.gone IS NULL
    RETURNING link.record_id, link.profile_id
),
ended AS (
    UPDATE store.record_link AS link
    SET gone = 'deleted'
    FROM part
    WHERE link.record_id = part.record_id AND link.goal = ANY (%(others)s)
        AND link.sent IS NOT NULL AND link.gone IS NULL
)
INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
SELECT profile_id, %(run_goal)s, record_id, 'removed', 'deleted'
FROM buried
WHERE profile_id IS NOT NULL

-- note_counts --
UPDATE connections_rungoal SET counts = %(counts)s WHERE id = %(run_goal)s

-- make_rehearsed --
-- What became of every record in a rehearsal, in the order of the run.
CREATE TEMPORARY TABLE rehearsed_record (
    place bigint GENERATED ALWAYS AS IDENTITY,
    record_id text COLLATE "C" NOT NULL,
    profile_id uuid,
    outcome text NOT NULL,
    reason text
)

-- keep_rehearsed --
INSERT INTO rehearsed_record (record_id, profile_id, outcome, reason)
SELECT
    record_id,
    coalesce(profile_id, CASE WHEN final IN ('removed', 'unchanged') THEN link_profile END),
    final, reason
FROM (
    SELECT
        *,
        coalesce(
            outcome,
            CASE
                WHEN creates THEN 'created'
                WHEN n IN (SELECT n FROM chunk_changed) THEN 'updated'
                ELSE 'unchanged'
            END
        ) AS final
    FROM chunk_record
) AS record
ORDER BY n

-- keep_buried --
-- Links that a full read found to be of nothing.
INSERT INTO rehearsed_record (record_id, profile_id, outcome, reason)
SELECT noted.record_id, noted.profile_id, noted.outcome, noted.reason
FROM store.run_record AS noted
WHERE noted.run_goal = %(run_goal)s AND noted.outcome = 'removed'
    AND NOT EXISTS (
        SELECT FROM rehearsed_record AS known
        WHERE known.record_id = noted.record_id AND known.outcome = 'removed'
    )
ORDER BY noted.record_id

-- emptied_at_commit --
-- The temporary tables of chunks that this session has made.
SELECT relname
FROM pg_class
WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'
    AND relname IN (
        'chunk_record', 'chunk_claim', 'chunk_gain', 'chunk_refused', 'chunk_problem',
        'chunk_changed', 'settle_pair', 'settle_object', 'merging_pair'
    )

-- any_merged --
SELECT EXISTS (SELECT FROM store.profile_merge WHERE run_goal = %(run_goal)s)
