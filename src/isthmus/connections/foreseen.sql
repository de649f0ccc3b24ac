Statements that forget previews.

-- past_previews --
-- Those that are older than they are kept, not the newest of their goal, or of a goal that is gone.
SELECT part.id
FROM connections_rungoal AS part
JOIN connections_run AS run ON run.id = part.run_id
WHERE run.preview AND run.state <> ALL (%(open)s::text[])
    AND (
        part.goal_id IS NULL
        OR run.finished_at < now() - make_interval(days => %(days)s)
        OR EXISTS (
            SELECT FROM connections_rungoal AS later
            JOIN connections_run AS of ON of.id = later.run_id
            WHERE later.goal_id = part.goal_id AND later.id > part.id AND of.preview
        )
    )

-- previews_of --
-- Those of these goals that have ended.
SELECT part.id
FROM connections_rungoal AS part
JOIN connections_run AS run ON run.id = part.run_id
WHERE run.preview AND run.state <> ALL (%(open)s::text[]) AND part.goal_id = ANY (%(goals)s)

-- forget_parts --
DELETE FROM connections_rungoal WHERE id = ANY (%(parts)s)

-- forget_runs --
DELETE FROM connections_run AS run
WHERE preview AND state <> ALL (%(open)s::text[])
    AND NOT EXISTS (SELECT FROM connections_rungoal AS part WHERE part.run_id = run.id)

-- known_parts --
SELECT id FROM connections_rungoal WHERE id = ANY (%(parts)s)
