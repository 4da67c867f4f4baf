"""Which person stands behind an account: by e-mail address, for many accounts at once.

An address that fits makes a candidate; the link itself is somebody's word, for one account or for
all exact matches (`accounts`). A link by e-mail ends when none of the account's addresses is the
person's any more; one by hand ends by hand only.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q

from rolecall.server.access.models import Account

__all__ = ["people_changed", "settle"]

_END_LINKS: Final = """
    update access_personlink l
    set until_at = %(now)s, ended_by = 'Rolecall: the address is another''s, or nobody''s'
    from access_account a
    where a.id = l.account_id and a.id = any(%(accounts)s)
      and l.until_at is null and l.how = 'email'
      and not exists (
          select from people_personemail e
          where e.person_id = l.person_id and e.folded = any(a.emails))
"""
_STATE: Final = """
    update access_account a
    set person_id = s.person, link = s.link
    from (
        select c.id, l.person_id as person,
               case when p.status = 'left' then 'gone'
                    when l.person_id is not null then 'linked'
                    when m.persons = 1 then 'unlinked'
                    when m.persons > 1 then 'disputed'
                    else 'unmatched' end as link
        from access_account c
        left join access_personlink l on l.account_id = c.id and l.until_at is null
        left join people_person p on p.id = l.person_id
        left join (
            select b.id, count(distinct e.person_id) as persons
            from access_account b
            cross join lateral unnest(b.emails) as own (address)
            join people_personemail e on e.folded = own.address
            where b.id = any(%(accounts)s)
            group by b.id
        ) m on m.id = c.id
        where c.id = any(%(accounts)s)
    ) s
    where s.id = a.id and (a.person_id, a.link) is distinct from (s.person, s.link)
"""


def settle(accounts: Collection[int], *, now: datetime) -> None:
    """Say anew how these accounts stand with persons.

    Args:
        accounts: their keys.
        now: when links end that are no longer true.
    """
    if not accounts:
        return
    values: dict[str, Any] = {"accounts": list(accounts), "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_END_LINKS, values)
        cursor.execute(_STATE, values)


def people_changed(persons: Collection[int], addresses: Collection[str], *, now: datetime) -> None:
    """Settle the accounts that these persons have, or that have one of these addresses.

    Args:
        persons: keys of persons who came, left, or have other addresses now.
        addresses: case-folded, theirs now and those they had before.
        now: when.
    """
    touched = Account.objects.filter(
        Q(person__in=persons) | Q(emails__overlap=list(addresses))
    ).values_list("pk", flat=True)
    settle(list(touched), now=now)
