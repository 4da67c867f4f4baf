-- What the daily roles may do; the owner gives these rights after every migration.
-- {web}, {worker} and {database} are put in as quoted names by rights.py.

-- Nobody comes in by being there.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {web}, {worker};
-- The worker takes a sync in by way of temporary tables.
GRANT TEMPORARY ON DATABASE {database} TO {worker};
GRANT USAGE ON SCHEMA public TO {web}, {worker};

-- Rows, but no tables: nobody but the owner can change the schema.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {web}, {worker};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {web}, {worker};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {web}, {worker};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {web}, {worker};

-- What happened stays as it was written. Only the worker seals.
REVOKE UPDATE, DELETE ON audit_event, audit_seal FROM {web}, {worker};
REVOKE INSERT ON audit_seal FROM {web};

-- Which migrations ran is the owner's to say.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {web}, {worker};
