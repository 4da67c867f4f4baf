"""How users come in: allauth's flows in our frame, by our rules, each in the audit log."""
