-- What a file says, in temporary tables that end with the transaction. The ids are final: those of
-- rows that are there, and new ones from the sequences.

-- :name tables
-- Empty tables, whatever an earlier attempt in this transaction left. `emails` are lines.
drop table if exists stage_account, stage_seen, stage_resource, stage_entitlement, stage_grant,
    stage_holders;
create temporary table stage_seen (account bigint not null, at timestamptz not null) on commit drop;
create temporary table stage_account (
    id bigint not null, is_new boolean not null, public_id text not null, external_id text not null,
    name text not null, email text not null, emails text not null, status text not null,
    seat boolean, service boolean not null, attributes jsonb not null, outside boolean not null,
    words text not null, content bytea not null
) on commit drop;
create temporary table stage_resource (
    id bigint not null, is_new boolean not null, public_id text not null, kind text not null,
    external_id text not null, name text not null, description text not null,
    at timestamptz not null
) on commit drop;
create temporary table stage_entitlement (
    id bigint not null, is_new boolean not null, public_id text not null, kind text not null,
    resource bigint not null, external_id text not null, slug text not null
) on commit drop;
create temporary table stage_grant (account bigint not null, entitlement bigint not null)
on commit drop;
create temporary table stage_holders (
    entitlement bigint not null, number integer not null, content bytea, same boolean not null
) on commit drop;

-- :name known_accounts
-- Accounts that were ever seen; without content where the record must be read again;
-- and whether they are still there.
select a.external_id, a.id,
       case when a.present and not exists (
           select from access_accountattributes l
           where l.account_id = a.id and l.observed_at > %(since)s
             and (l.first_sync_id is null or (l.until_at is not null and l.ended_sync_id is null))
       ) then a.content end,
       a.present
from access_account a where a.app_id = %(app)s;

-- :name known_resources
select kind, external_id, id from access_resource where app_id = %(app)s;

-- :name known_entitlements
-- With the digest of holders of a group that nobody else has changed since the last sync began, and
-- how many they are.
-- Roles are always compared, because one that was read ends another.
select e.external_id, e.id,
       case when e.kind = 'group' and e.present and e.id not in (
           select g.entitlement_id from access_grant g
           where g.observed_at > %(since)s
             and (g.first_sync_id is null or (g.until_at is not null and g.ended_sync_id is null))
       ) then e.content end,
       e.holders
from access_entitlement e where e.app_id = %(app)s;

-- :name next_ids
-- As many ids as are wanted from the sequence of a table, which is looked up once.
select array_agg(nextval(s.name))
from (select pg_get_serial_sequence(%(table)s, 'id')::regclass as name offset 0) s,
     generate_series(1, %(count)s);

-- :name analyze
-- The columns by which tables are joined; the long ones decide nothing.
analyze stage_seen, stage_account (id, is_new), stage_resource, stage_entitlement, stage_grant,
    stage_holders (entitlement, same);

-- :name tune
-- Of this transaction only: large joins in memory, and no compiling of queries that run once.
set local work_mem = '128MB';
set local jit = off;

-- :name has_account
-- The entitlement that every account of the app holds.
insert into access_entitlement
    (public_id, app_id, resource_id, kind, external_id, name, slug, present, holders, search)
values (%(public_id)s, %(app)s, null, 'account', 'account', 'Has an account', 'account', true, 0,
        to_tsvector('simple', 'Has an account'))
on conflict (app_id, external_id) do nothing;

-- :name described
-- Accounts whose record was read, because it is new or different.
select id from stage_account;
