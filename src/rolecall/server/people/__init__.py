"""Users of this tool and what they may do; the company's people and who they are in apps."""
