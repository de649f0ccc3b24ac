Statements that say what the problems of a run come from.

-- causes --
-- Words that are equal are counted before they are folded: most are, and folding is dear.
WITH said AS (
    SELECT problem.run_goal, problem.code, problem.field, problem.message,
        count(*) AS problems, count(problem.property) AS of_fields
    FROM store.run_problem AS problem
    WHERE problem.run_goal = ANY (%(parts)s)
        AND problem.at BETWEEN %(first)s AND %(last)s
    GROUP BY 1, 2, 3, 4
),
caused AS (
    SELECT run_goal, code, left(md5(store.folded(message)), 16) AS cause,
        sum(problems)::bigint AS problems, sum(of_fields)::bigint AS of_fields,
        min(message COLLATE "C") AS example,
        array_agg(DISTINCT field) FILTER (WHERE field IS NOT NULL) AS fields
    FROM said
    GROUP BY 1, 2, 3
)
SELECT run_goal, code, cause, problems, of_fields, example, coalesce(fields[:5], '{}') AS fields,
    sum(problems) OVER ()::bigint AS all_problems, sum(of_fields) OVER ()::bigint AS all_of_fields,
    count(*) OVER () AS all_causes
FROM caused
ORDER BY problems DESC, code, cause
LIMIT %(most)s
