-- What is different: one temporary table per kind of period, with a row for each period that would
-- begin or end. `period` is the open one that would end; it is null where one would begin.
--
-- What was observed after the sync began is left alone. Such rows were written by somebody else
-- than taking in (a verified change): an open one is told by observed_at, a closed one by having no
-- ended_sync. What was taken away after the sync began is not begun again (the barred_ tables).

-- :name whole_tables
-- Whole tables are compared here, and after a first sync the statistics are not yet those of what
-- it wrote: a nested loop, which then looks cheap, takes a hundred times as long.
set local enable_nestloop = off;

-- :name barred
-- What was seen to be gone after this sync began, and the roles that were changed since.
drop table if exists barred_account, barred_resource, barred_role, barred_grant, barred_attributes;
create temporary table barred_account on commit drop as
select p.account_id as account
from access_presence p join access_account a on a.id = p.account_id
where a.app_id = %(app)s and p.until_at is not null and p.ended_sync_id is null
  and p.observed_at > %(started)s
  and not exists (
      select from access_presence o where o.account_id = p.account_id and o.until_at is null);
create temporary table barred_resource on commit drop as
select p.resource_id as resource
from access_resourceperiod p join access_resource r on r.id = p.resource_id
where r.app_id = %(app)s and p.observed_at > %(started)s
  and (p.first_sync_id is null or (p.ended_sync_id is null and p.until_at is not null));
create temporary table barred_grant on commit drop as
select g.account_id as account, g.entitlement_id as entitlement, e.kind
from access_grant g join access_entitlement e on e.id = g.entitlement_id
where e.app_id = %(app)s and g.observed_at > %(started)s
  and (g.first_sync_id is null or (g.until_at is not null and g.ended_sync_id is null));
create temporary table barred_role on commit drop as
select distinct account from barred_grant where kind = 'role';
create temporary table barred_attributes on commit drop as
select p.account_id as account
from access_accountattributes p join access_account a on a.id = p.account_id
where a.app_id = %(app)s and p.observed_at > %(started)s
  and (p.first_sync_id is null or (p.ended_sync_id is null and p.until_at is not null));

-- :name presence
-- Accounts that came, and accounts that went.
drop table if exists diff_presence;
create temporary table diff_presence on commit drop as
select coalesce(s.account, p.account_id) as account, p.id as period,
       coalesce(s.at, %(users_at)s) as at
from stage_seen s
full join (
    select p.id, p.account_id, p.observed_at
    from access_presence p join access_account a on a.id = p.account_id
    where a.app_id = %(app)s and p.until_at is null
) p on p.account_id = s.account
where (p.id is null and not exists (select from barred_account b where b.account = s.account))
   or (s.account is null and %(users_complete)s and p.observed_at <= %(started)s);

-- :name attributes
-- Accounts that are described differently, or were not described while they were away.
drop table if exists diff_attributes;
create temporary table diff_attributes on commit drop as
select s.id as account, p.id as period, n.at
from stage_account s
join stage_seen n on n.account = s.id
left join access_accountattributes p on p.account_id = s.id and p.until_at is null
where not s.is_new
  and (p.id is null or (p.name, p.email, p.status, p.attributes)
                       is distinct from (s.name, s.email, s.status, s.attributes))
  and not exists (select from barred_attributes b where b.account = s.id)
  and not exists (select from barred_account b where b.account = s.id)
  and (p.id is null or p.observed_at <= %(started)s);

-- :name resources
-- Groups and roles that came, went, or have another name: then one period ends and one begins.
drop table if exists diff_resource;
create temporary table diff_resource on commit drop as
select coalesce(s.id, p.resource_id) as resource, coalesce(s.kind, p.kind) as kind,
       p.id as period, s.name,
       coalesce(s.at, case p.kind when 'group' then %(groups_at)s else %(roles_at)s end) as at
from stage_resource s
full join (
    select p.id, p.resource_id, p.name, p.observed_at, r.kind
    from access_resourceperiod p join access_resource r on r.id = p.resource_id
    where r.app_id = %(app)s and p.until_at is null
) p on p.resource_id = s.id
where (p.id is null or p.observed_at <= %(started)s)
  and (p.id is null or p.name is distinct from s.name)
  and (s.id is not null or p.kind = any(%(complete)s))
  and not exists (
      select from barred_resource b where b.resource = coalesce(s.id, p.resource_id));

-- :name grants
-- Who holds something more, or no longer, except of groups that are known to be the same: for each
-- of the others an index finds its holders, and `offset 0` keeps it from being a join of all. One
-- of the roles excludes the others, so a role that was read ends another even where not everything
-- was read.
drop table if exists diff_grant;
create temporary table diff_grant on commit drop as
select coalesce(s.account, g.account_id) as account,
       coalesce(s.entitlement, g.entitlement_id) as entitlement, g.id as period,
       coalesce(g.kind, e.kind) as kind
from (stage_grant s join stage_entitlement e on e.id = s.entitlement)
full join (
    select g.id, g.account_id, g.entitlement_id, g.observed_at, e.kind
    from access_entitlement e
    cross join lateral (
        select o.id, o.account_id, o.entitlement_id, o.observed_at
        from access_grant o where o.entitlement_id = e.id and o.until_at is null
        offset 0
    ) g
    where e.app_id = %(app)s
      and not exists (select from stage_holders h where h.entitlement = e.id and h.same)
) g on g.account_id = s.account and g.entitlement_id = s.entitlement
where g.id is null
   or (s.account is null and g.observed_at <= %(started)s
       and (g.kind = any(%(complete)s)
            or (g.kind = 'role' and g.account_id in (
                select h.account from stage_grant h
                join stage_entitlement f on f.id = h.entitlement where f.kind = 'role'))));

-- :name bar_grants
-- Leave alone what somebody else has observed since; mostly nobody has, which is asked first. Whom
-- the group holds is not what the file says then.
with barred as (
    delete from diff_grant d
    using stage_entitlement e
    where (exists (select from barred_account) or exists (select from barred_resource)
           or exists (select from barred_role) or exists (select from barred_grant))
      and d.period is null and e.id = d.entitlement
      and (d.account in (select account from barred_account)
           or e.resource in (select resource from barred_resource)
           or (e.kind = 'role' and d.account in (select account from barred_role))
           or (d.account, d.entitlement) in (select account, entitlement from barred_grant))
    returning d.entitlement
)
update stage_holders h set content = null from barred b where b.entitlement = h.entitlement;

-- :name analyze
analyze diff_presence, diff_attributes, diff_resource, diff_grant;
set local enable_nestloop = on;
