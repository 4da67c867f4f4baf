"""The REST API: everything the pages show, for programs."""
