"""Conditions of segments as a form and as sentences.

`tree` is what the form holds: texts as they were typed. `reading` makes the plain form of it that
`isthmus.domain.segments` reads; `drawing` makes what the template shows; `personal` keeps
conditions on personal data away from those who may not see it; `sentences` says conditions in one
line.
"""
