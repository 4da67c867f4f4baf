-- The roles and the database of Rolecall, made once by PostgreSQL's superuser, with psql.
-- The passwords come from files: they are in no variable and no command line.

\set owner `cat /run/secrets/owner-password`
\set web `cat /run/secrets/web-password`
\set worker `cat /run/secrets/worker-password`

CREATE ROLE rolecall_owner LOGIN PASSWORD :'owner';
CREATE ROLE rolecall_web LOGIN PASSWORD :'web';
CREATE ROLE rolecall_worker LOGIN PASSWORD :'worker';
CREATE DATABASE rolecall OWNER rolecall_owner ENCODING 'UTF8' LOCALE_PROVIDER builtin
    BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C' TEMPLATE template0;
