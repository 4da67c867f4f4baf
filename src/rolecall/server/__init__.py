"""The server: takes in what connectors read, and is where access is seen, decided and ended.

One Django app per noun; whoever is lower never imports who is higher (ARCHITECTURE.md).
"""
