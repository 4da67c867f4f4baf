"""Where the nouns become a program: settings, addresses, entry points."""
