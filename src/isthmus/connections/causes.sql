Statements that say what the problems of a run come from.

-- causes --
-- The words are folded row by row: where they are all different, counting equal ones first is dearer.
WITH caused AS (
    SELECT problem.run_goal, problem.code, coalesce(problem.field, '') AS field,
        store.folded(problem.message) AS folded,
        count(*) AS problems, count(problem.property) AS of_fields,
        min(problem.message COLLATE "C") AS example
    FROM store.run_problem AS problem
    WHERE problem.run_goal = ANY (%(parts)s)
        AND problem.at BETWEEN %(first)s AND %(last)s
    GROUP BY 1, 2, 3, 4
)
SELECT run_goal, code, field, left(md5(folded), 16) AS cause, problems, of_fields, example,
    sum(problems) OVER ()::bigint AS all_problems, sum(of_fields) OVER ()::bigint AS all_of_fields,
    count(*) OVER () AS all_causes
FROM caused
ORDER BY problems DESC, code, field, cause
LIMIT %(most)s
