"""A report as a file: each form writes facts, rows, and a last word about the rows, as they come.

Each leaves the file such that the signature can be put after its last byte.
"""
