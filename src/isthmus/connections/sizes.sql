How much there is of something that grows with the store. Each block gives a row for each thing; they
are counted within a limit of time, and estimated by the planner beyond it.

-- links --
SELECT FROM store.record_link WHERE goal = ANY (%(goals)s)

-- journal --
SELECT FROM store.run_record WHERE run_goal = ANY (%(run_goals)s)
UNION ALL
SELECT FROM store.change WHERE run_goal = ANY (%(run_goals)s)
UNION ALL
SELECT FROM store.run_problem WHERE run_goal = ANY (%(run_goals)s)
