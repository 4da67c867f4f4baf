"""Persons by CSV: read the file, say what it would change, and then change exactly that.

`reading` knows the file and no database, `planning` compares it with the persons there are,
`importing` keeps the file between the two requests and carries the plan out.
"""
