-- The feed: what this sync found different, in sentences with an account or a group in them.

-- :name roles
-- Which role ended and which began, by account.
drop table if exists diff_role;
create temporary table diff_role on commit drop as
select d.account,
       min(d.entitlement) filter (where d.period is not null) as before,
       min(d.entitlement) filter (where d.period is null) as after
from diff_grant d where d.kind = 'role'
group by d.account;

-- :name came_and_went
insert into access_change (app_id, sync_id, at, kind, account_id, entitlement_id, before_id, detail)
select %(app)s, %(sync)s, d.at, case when d.period is null then 'joined' else 'left' end, a.id,
       case when d.period is null then a.role_id end,
       case when d.period is not null then coalesce(r.before, a.role_id) end, '{}'
from diff_presence d
join access_account a on a.id = d.account
left join diff_role r on r.account = d.account
order by d.at, a.name, a.id;

-- :name roles_changed
insert into access_change (app_id, sync_id, at, kind, account_id, entitlement_id, before_id, detail)
select %(app)s, %(sync)s, greatest(n.at, %(holdings_at)s), 'role changed', a.id, r.after, r.before,
       '{}'
from diff_role r
join access_account a on a.id = r.account and a.present
left join stage_seen n on n.account = a.id
where r.before is distinct from r.after
  and a.id not in (select account from diff_presence)
order by a.name, a.id;

-- :name groups
-- Groups that came, went, or have another name; who was in them is told below.
insert into access_change (app_id, sync_id, at, kind, account_id, entitlement_id, before_id, detail)
select %(app)s, %(sync)s, d.at,
       case when d.period is null then 'group created' when d.name is null then 'group deleted'
            else 'group renamed' end,
       null, e.id, null, jsonb_build_object('name', jsonb_build_array(p.name, d.name))
from diff_resource d
join lateral (
    select min(id) as id from access_entitlement where resource_id = d.resource
) e on e.id is not null
left join access_resourceperiod p on p.id = d.period
where d.kind = 'group'
order by coalesce(d.name, p.name), e.id;

-- :name memberships
insert into access_change (app_id, sync_id, at, kind, account_id, entitlement_id, before_id, detail)
select %(app)s, %(sync)s,
       case when d.period is null then greatest(n.at, %(memberships_at)s) else %(memberships_at)s end,
       case when d.period is null then 'added to' else 'removed from' end, a.id, e.id, null, '{}'
from diff_grant d
join access_entitlement e on e.id = d.entitlement
join access_account a on a.id = d.account
left join stage_seen n on n.account = a.id
where d.kind = 'group'
order by e.name, e.id, a.name, a.id;

-- :name edited
-- What is described differently. The profile repeats the role: where that is told already, not
-- again; the address likewise.
insert into access_change (app_id, sync_id, at, kind, account_id, entitlement_id, before_id, detail)
select %(app)s, %(sync)s, d.at, 'edited', a.id, null, null, c.detail
from diff_attributes d
join access_accountattributes p on p.id = d.period
join access_account a on a.id = d.account
cross join lateral (
    select jsonb_object_agg(key, jsonb_build_array(o.o -> key, o.n -> key)) as detail
    from (
        select p.attributes - 'email'
                   || jsonb_build_object('name', p.name, 'email', p.email, 'status', p.status) as o,
               a.attributes - 'email'
                   || jsonb_build_object('name', a.name, 'email', a.email, 'status', a.status) as n
    ) o
    cross join lateral jsonb_object_keys(o.o || o.n) key
    where o.o -> key is distinct from o.n -> key
      and (key <> 'workspace_role' or a.id not in (select account from diff_role))
) c
where c.detail is not null
order by a.name, a.id;
