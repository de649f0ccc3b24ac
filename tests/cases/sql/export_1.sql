-- members --
INSERT INTO export_member (profile_id, changed)
        SELECT p.profile_id, true
        FROM store.profile AS p
        WHERE (NOT (coalesce("p"."p_email", '') = ''))

-- scan_all --
CREATE TEMPORARY TABLE export_scan AS
        SELECT
            count(*) AS members,
            array_agg(p.profile_id) FILTER (WHERE p.updated_at >= '2026-01-01 00:00:00+00:00'::timestamptz) AS changed
        FROM store.profile AS p
        WHERE (NOT (coalesce("p"."p_email", '') = ''))

-- scan --
CREATE TEMPORARY TABLE export_scan AS
        SELECT
            count(*) AS members,
            array_agg(p.profile_id) FILTER (WHERE p.updated_at >= '2026-01-01 00:00:00+00:00'::timestamptz) AS changed
        FROM store.profile AS p
        WHERE (NOT (coalesce("p"."p_email", '') = ''))

-- unsettled_links --
CREATE TEMPORARY TABLE export_unsettled AS
        SELECT array_agg(link.profile_id) AS profiles
        FROM store.record_link AS link
        WHERE link.goal = 1 AND link.profile_id IS NOT NULL AND (link.object = 'Lead' AND link.version = 1 AND link.reason IS NULL
            AND link.sent IS NOT NULL AND link.gone IS NULL) IS NOT TRUE

-- unsettled --
INSERT INTO export_member (profile_id, changed)
        SELECT p.profile_id, false
        FROM store.profile AS p
        WHERE p.profile_id IN (
                SELECT unnest(profiles) FROM export_unsettled
                UNION
                SELECT profile_id FROM store.export_skip WHERE goal = 1
                UNION
                SELECT profile_id FROM export_seen_open
            )
            AND (NOT (coalesce("p"."p_email", '') = ''))
        ON CONFLICT DO NOTHING

-- values --
CREATE TEMPORARY TABLE export_value AS
        SELECT member.profile_id, member.record_id, member.operation, member.before, nullif(replace(replace("p"."p_select", E'\r\n', E'\n'), E'\r', E'\n'), '') AS "v1", coalesce(member.taken[1] = hashtextextended(coalesce("p"."p_select"::text, ''), 0), false) AS "k1"
        FROM export_member AS member
        JOIN store.profile AS p USING (profile_id)
        WHERE member.outcome IS NULL

-- problems --
INSERT INTO export_problem
            (profile_id, record_id, field, property, code, message, value)
        SELECT export_value.profile_id, export_value.record_id,
            each.field, each.property, each.code, each.message, left(each.value, 500)
        FROM export_value
        CROSS JOIN LATERAL (SELECT 'F1__c', 'select', 'reserved', 'F1__c: the text #N/A means an empty field to Salesforce and can''t be sent as a value.', "v1" WHERE (SELECT CASE WHEN value IS NULL THEN NULL WHEN value = '#N/A' THEN 1 WHEN length(value) > 255 THEN 2 END FROM (VALUES ("v1")) AS v (value)) = 1 UNION ALL SELECT 'F1__c', 'select', 'too_long', 'F1__c takes at most 255 characters. Shorten the value, or let the mapping row cut it (when_too_long: cut).', "v1" WHERE (SELECT CASE WHEN value IS NULL THEN NULL WHEN value = '#N/A' THEN 1 WHEN length(value) > 255 THEN 2 END FROM (VALUES ("v1")) AS v (value)) = 2) AS each (field, property, code, message, value)
        WHERE (SELECT CASE WHEN value IS NULL THEN NULL WHEN value = '#N/A' THEN 1 WHEN length(value) > 255 THEN 2 END FROM (VALUES ("v1")) AS v (value)) IS NOT NULL

-- rows --
-- OFFSET 0 keeps each value from being worked out again wherever it is named.
        WITH text AS (SELECT export_value.*, CASE WHEN (SELECT CASE WHEN value IS NULL THEN NULL WHEN value = '#N/A' THEN 1 WHEN length(value) > 255 THEN 2 END FROM (VALUES ("v1")) AS v (value)) IS NULL THEN coalesce("v1", NULL) END AS "t1" FROM export_value OFFSET 0),
        cell AS (SELECT text.*, CASE WHEN operation = ANY ('{insert,update}'::text[]) AND (operation = 'insert' AND operation = ANY ('{insert,update}'::text[]) AND "t1" = '#N/A') IS NOT TRUE
                AND NOT "k1" AND hashtextextended("t1", 0) IS DISTINCT FROM before[1] THEN "t1" END AS "c1" FROM text OFFSET 0)
        INSERT INTO store.export_row
            (profile_id, run_goal, part, record_id, operation, row_hash, cells, sent, held)
        SELECT profile_id, 1, 1, record_id, operation,
            md5((ARRAY["c1"]::text[])::text)::uuid, ARRAY["c1"], ARRAY[CASE WHEN "c1" IS NULL AND (operation = 'insert' AND operation = ANY ('{insert,update}'::text[]) AND "t1" = '#N/A') IS NOT TRUE THEN before[1] ELSE hashtextextended("t1", 0) END]::bigint[],
            ARRAY[CASE WHEN "c1" IS NOT NULL THEN hashtextextended(coalesce(replace(replace(nullif(btrim(nullif("c1", '#N/A'), '
 '), ''), E'\r\n', E'\n'), E'\r', E'\n'), ''), 0) WHEN operation = 'insert' THEN hashtextextended(coalesce(replace(replace(nullif(btrim(NULL, '
 '), ''), E'\r\n', E'\n'), E'\r', E'\n'), ''), 0) END]::bigint[]
        FROM cell
        WHERE num_nonnulls("c1") > 0
        ORDER BY profile_id

-- skips --
WITH ended AS (
            DELETE FROM store.export_skip AS known
            WHERE goal = 1 AND NOT EXISTS (
                SELECT FROM export_member AS member
                WHERE member.profile_id = known.profile_id AND member.outcome = 'skipped'
            )
            RETURNING profile_id, record_id
        )
        INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome)
        SELECT ended.profile_id, 1, coalesce(member.record_id, ended.record_id),
            CASE
                WHEN member.outcome = 'unchanged' THEN 'unchanged'
                WHEN EXISTS (
                    SELECT FROM store.profile AS p
                    WHERE p.profile_id = ended.profile_id AND ((NOT (coalesce("p"."p_email", '') = '')))
                ) THEN 'unchanged'
                ELSE 'left'
            END
        FROM ended
        LEFT JOIN export_member AS member USING (profile_id)
        WHERE member.profile_id IS NULL OR member.outcome = 'unchanged'
