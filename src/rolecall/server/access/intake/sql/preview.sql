-- How much would be different.

-- :name accounts
select (select count(*) from access_account where app_id = %(app)s and present),
       count(*) filter (where period is null), 0, count(*) filter (where period is not null)
from diff_presence;

-- :name resources
select (select count(*) from access_resource where app_id = %(app)s and present),
       count(*) filter (where name is not null and period is null),
       count(*) filter (where name is not null and period is not null),
       count(*) filter (where name is null)
from diff_resource;

-- :name grants
-- By kind: before, added, replaced, ended. A role in the place of another is no end.
select k.kind, coalesce(h.number, 0), coalesce(d.added, 0) - coalesce(d.replaced, 0),
       coalesce(d.replaced, 0), coalesce(d.ended, 0) - coalesce(d.replaced, 0)
from (values ('role'), ('group')) k (kind)
left join (
    select kind, sum(holders) as number from access_entitlement
    where app_id = %(app)s group by kind
) h on h.kind = k.kind
left join (
    select kind, count(*) filter (where period is null) as added,
           count(*) filter (where period is not null) as ended,
           count(*) filter (where period is not null and kind = 'role' and account in (
               select account from diff_grant where period is null and kind = 'role')) as replaced
    from diff_grant group by kind
) d on d.kind = k.kind;

-- :name overlap
-- Of accounts and of groups: how many are in the file, were there before, and are both.
select 'user', (select count(*) from stage_seen),
       (select count(*) from access_account where app_id = %(app)s and present),
       (select count(*) from stage_seen s join access_account a on a.id = s.account and a.present)
union all
select 'group', (select count(*) from stage_resource where kind = 'group'),
       (select count(*) from access_resource
        where app_id = %(app)s and kind = 'group' and present),
       (select count(*) from stage_resource s join access_resource r on r.id = s.id and r.present
        where s.kind = 'group');

-- :name examples
-- The first of those who would lose something, and what.
select * from (
    (select 'account' as what, a.public_id as id, coalesce(nullif(a.name, ''), a.email) as name,
            '' as of
     from diff_presence d join access_account a on a.id = d.account
     where d.period is not null order by 3, 2 limit %(limit)s)
    union all
    (select d.kind, a.public_id, coalesce(nullif(a.name, ''), a.email), e.name
     from diff_grant d join access_account a on a.id = d.account
     join access_entitlement e on e.id = d.entitlement
     where d.period is not null and not (d.kind = 'role' and d.account in (
         select account from diff_grant where period is null and kind = 'role'))
     order by 4, 3, 2 limit %(limit)s)
) found limit %(limit)s;
