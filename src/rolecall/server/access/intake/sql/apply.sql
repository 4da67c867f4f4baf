-- Move the periods, and keep the columns that say how things are now.
-- Everything here runs in the transaction that holds the app's lock.

-- :name new_resources
insert into access_resource (id, public_id, app_id, kind, external_id, name, description, present)
select id, public_id, %(app)s, kind, external_id, name, description, true
from stage_resource where is_new;

-- :name known_resources
update access_resource r
set name = s.name, description = s.description, present = true
from stage_resource s
where s.id = r.id and not s.is_new
  and (r.name, r.description, r.present) is distinct from (s.name, s.description, true)
  and not exists (select from barred_resource b where b.resource = r.id);

-- :name gone_resources
update access_resource r set present = false
from diff_resource d where d.resource = r.id and d.period is not null and d.name is null;

-- :name end_resource_periods
update access_resourceperiod p
set until_at = d.at, observed_at = d.at, ended_sync_id = %(sync)s, last_sync_id = %(last)s
from diff_resource d where d.period = p.id;

-- :name begin_resource_periods
insert into access_resourceperiod (resource_id, name, from_at, observed_at, first_sync_id)
select resource, name, at, at, %(sync)s from diff_resource where name is not null;

-- :name new_entitlements
insert into access_entitlement
    (id, public_id, app_id, resource_id, kind, external_id, name, slug, present, holders, search,
     content)
select e.id, e.public_id, %(app)s, e.resource, e.kind, e.external_id, r.name, e.slug, true,
       coalesce(h.holders, 0), to_tsvector('simple', r.name),
       case when e.kind = 'group' and e.kind = any(%(complete)s)
                 and l.number = coalesce(h.holders, 0) then l.content end
from stage_entitlement e
join stage_resource r on r.id = e.resource
left join stage_holders l on l.entitlement = e.id
left join (
    select entitlement, count(*) as holders from diff_grant where period is null
    group by entitlement
) h on h.entitlement = e.id
where e.is_new;

-- :name known_entitlements
update access_entitlement e
set name = r.name, slug = s.slug, present = true, resource_id = s.resource,
    search = to_tsvector('simple', r.name)
from stage_entitlement s join stage_resource r on r.id = s.resource
where s.id = e.id and not s.is_new
  and (e.name, e.slug, e.present, e.resource_id)
      is distinct from (r.name, s.slug, true, s.resource)
  and not exists (select from barred_resource b where b.resource = s.resource);

-- :name gone_entitlements
update access_entitlement e set present = false
where e.app_id = %(app)s and e.present and e.kind = any(%(complete)s)
  and not exists (select from stage_entitlement s where s.id = e.id)
  and not exists (select from barred_resource b where b.resource = e.resource_id);

-- :name new_accounts
-- With role and groups at once, because changing a hundred thousand rows again costs as much.
insert into access_account
    (id, public_id, app_id, external_id, present, name, email, emails, status, seat, attributes,
     role_id, groups, external, type, link, first_seen_at, last_changed_at, search, content)
select s.id, s.public_id, %(app)s, s.external_id, true, s.name, s.email,
       string_to_array(s.emails, chr(10)), s.status, s.seat,
       s.attributes, h.role, coalesce(h.groups, 0), s.outside,
       case when s.service then 'service' else 'human' end,
       'unmatched', n.at, n.at, to_tsvector('simple', s.words), s.content
from stage_account s
join stage_seen n on n.account = s.id
left join (
    select account, min(entitlement) filter (where kind = 'role') as role,
           count(*) filter (where kind = 'group') as groups
    from diff_grant where period is null
    group by account
) h on h.account = s.id
where s.is_new;

-- :name known_accounts
-- Descriptions of accounts that were read again. Only what differs moves `last_changed_at`.
update access_account a
set name = s.name, email = s.email, emails = string_to_array(s.emails, chr(10)),
    status = s.status, seat = s.seat,
    attributes = s.attributes, external = s.outside, content = s.content,
    search = to_tsvector('simple', s.words),
    last_changed_at = coalesce(
        (select d.at from diff_attributes d where d.account = a.id), a.last_changed_at)
from stage_account s
where s.id = a.id and not s.is_new
  and not exists (select from barred_attributes b where b.account = a.id)
  and not exists (select from barred_account b where b.account = a.id);

-- :name present_accounts
update access_account a
set present = (d.period is null), last_changed_at = d.at
from diff_presence d
where d.account = a.id and a.id not in (select id from stage_account where is_new);

-- :name end_presences
update access_presence p
set until_at = d.at, observed_at = d.at, ended_sync_id = %(sync)s, last_sync_id = %(last)s
from diff_presence d where d.period = p.id;

-- :name begin_presences
insert into access_presence (account_id, from_at, observed_at, first_sync_id)
select account, at, at, %(sync)s from diff_presence where period is null order by account;

-- :name end_attributes
-- Of accounts that are described differently, and of those that went.
update access_accountattributes p
set until_at = d.at, observed_at = d.at, ended_sync_id = %(sync)s, last_sync_id = %(last)s
from (
    select period, at from diff_attributes where period is not null
    union all
    select o.id, d.at
    from diff_presence d join access_accountattributes o on o.account_id = d.account
    where d.period is not null and o.until_at is null and o.observed_at <= %(started)s
) d where d.period = p.id;

-- :name begin_attributes
insert into access_accountattributes
    (account_id, name, email, status, attributes, from_at, observed_at, first_sync_id)
select s.id, s.name, s.email, s.status, s.attributes, n.at, n.at, %(sync)s
from stage_account s
join stage_seen n on n.account = s.id
where s.is_new or s.id in (select account from diff_attributes)
order by s.id;

-- :name end_grants
-- A role ends when the next one begins, so that nobody is without one in between.
update access_grant g
set until_at = d.at, observed_at = d.at, ended_sync_id = %(sync)s, last_sync_id = %(last)s
from (
    select d.period, case d.kind when 'group' then %(memberships_at)s
                                 else coalesce(r.at, %(holdings_at)s) end as at
    from diff_grant d
    left join (
        select b.account, max(greatest(n.at, %(holdings_at)s)) as at
        from diff_grant b
        join stage_seen n on n.account = b.account
        where b.period is null and b.kind = 'role' group by b.account
    ) r on d.kind = 'role' and r.account = d.account
    where d.period is not null
) d where d.period = g.id;

-- :name begin_grants
-- In the order of the index that pages read by.
insert into access_grant (account_id, entitlement_id, from_at, observed_at, first_sync_id)
select d.account, d.entitlement, m.at, m.at, %(sync)s
from diff_grant d
join stage_seen n on n.account = d.account
cross join lateral (
    select greatest(n.at, case d.kind when 'group' then %(memberships_at)s else %(holdings_at)s end)
) m (at)
where d.period is null
order by d.entitlement, d.account;

-- :name held
-- Role and groups of accounts whose grants are different, counted anew by index; those that are new
-- have theirs already.
update access_account a
set role_id = h.role, groups = h.groups, last_changed_at = %(ended)s
from (
    select distinct account from diff_grant
    where exists (select from access_account o where o.app_id = %(app)s
                  and o.id not in (select id from stage_account where is_new))
      and account not in (select id from stage_account where is_new)
) d
cross join lateral (
    select min(g.entitlement_id) filter (where e.kind = 'role') as role,
           count(*) filter (where e.kind = 'group') as groups
    from access_grant g join access_entitlement e on e.id = g.entitlement_id
    where g.account_id = d.account and g.until_at is null
    offset 0
) h
where d.account = a.id and (a.role_id, a.groups) is distinct from (h.role, h.groups::integer);

-- :name holders
-- How many hold each entitlement whose grants are different; new ones were counted above.
update access_entitlement e
set holders = h.holders
from (
    select distinct entitlement from diff_grant
    where entitlement not in (select id from stage_entitlement where is_new)
) d
cross join lateral (
    select count(*) as holders from access_grant g
    where g.entitlement_id = d.entitlement and g.until_at is null
    offset 0
) h
where d.entitlement = e.id and e.holders <> h.holders;

-- :name content
-- What every group's holders are known to be: what was listed, if nothing more is open.
update access_entitlement e
set content = n.content
from (
    select k.id, case when h.number = k.holders and 'group' = any(%(complete)s)
                      then h.content end as content
    from access_entitlement k
    left join stage_holders h on h.entitlement = k.id
    where k.app_id = %(app)s and k.kind = 'group'
) n
where n.id = e.id and e.content is distinct from n.content;

-- :name account_holders
-- Who has an account: those that are there.
update access_entitlement e
set holders = (select count(*) from access_account a where a.app_id = %(app)s and a.present)
where e.app_id = %(app)s and e.kind = 'account';
