"""The controller: what self-hosted connectors call, over TLS on one port.

    TLS ──http/1.1──▶ door ──▶ tokens          a signed assertion becomes an access token
        └─h2────────▶ service ──▶ leasing, hosts, uploads, finishing

Any number of them may run on one database: all that they know is in its rows.
"""
