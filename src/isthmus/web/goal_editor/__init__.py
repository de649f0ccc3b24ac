"""The editor of a goal: a form of numbered steps, with rows that say what goes where.

A goal is edited as a form that works by its buttons alone. With script only the rows that were
changed are sent, and what is said of them comes back. `rows` reads and moves rows, `choices` draws
what there is to choose from once for all rows, `steps` says how far each step is, `desk` knows what
a page works with, and `editing` opens, redraws and saves a goal of either direction.
"""
