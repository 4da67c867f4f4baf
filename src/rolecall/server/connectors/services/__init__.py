"""What people do with connectors: one verb, one function.

Each takes the actor and the moment, refuses aloud, and writes the change and its audit row in one
transaction.
"""
