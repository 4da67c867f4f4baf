"""Every page of apps, accounts and connectors, rendered for somebody who may see it."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from company import HOSTILE, NOW, Company, a_file_in_making, a_hold, a_run, a_user, log_in
from django.urls import URLPattern, get_resolver, reverse

from rolecall.server.access.models import App
from rolecall.server.audit.models import Event
from rolecall.server.people.models import User
from rolecall.server.saved.models import SavedView

pytestmark = pytest.mark.django_db
MOST_QUERIES = 20
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LOGIN = ("account_", "mfa_", "openid_", "socialaccount_", "login_")
NO_PAGES = {
    "connectors:download": "the file that a sync wrote",
    "people:roster": "what an uploaded file would change: test_a_roster_asks_little",
    "access:import": "the same of apps: test_a_list_of_apps_asks_little",
    **dict.fromkeys(
        ("orders:ask", "orders:decision", "orders:order", "orders:drift", "orders:step"),
        "of a decision: test_order_pages.test_pages_ask_little_and_make_no_markup",
    ),
    "orders:proof": "a file that somebody uploaded",
    "evidence:download": "a file that a worker made",
}


@pytest.fixture
def company(db: None) -> Company:
    """Sixty accounts in one app."""
    del db
    return Company.build()


@pytest.fixture
def browser(client, company):
    """A browser of a super administrator."""
    log_in(client, company.user)
    return client


def _unmanaged() -> App:
    return App.objects.create(name="Figma", state="unmanaged", kind="", created_at=NOW)


def addresses(company: Company) -> dict[str, str]:
    """Name → address of every page that only shows something."""
    app, connector = company.app.public_id, company.connector.public_id
    account, entitlement = company.accounts[1].public_id, company.groups[0].public_id
    named = {
        "home": reverse("home"),
        **{
            f"access:{n}": reverse(f"access:{n}")
            for n in ("apps", "unmanaged", "add_app", "upload")
        },
        "access:manage": reverse("access:manage") + f"?row={_unmanaged().public_id}",
        "access:account": reverse("access:account", args=(account,)),
        "connectors:list": reverse("connectors:list"),
        "connectors:add": reverse("connectors:add"),
        "connectors:set_up": reverse("connectors:set_up", args=("notion",)),
        "connectors:run": reverse("connectors:run", args=(company.connector.tasks.first().pk,)),
    }
    for name in ("app", "accounts", "past_accounts", "entitlements", "feed", "differences",
                 "as_of", "settings"):  # fmt: skip
        named[f"access:{name}"] = reverse(f"access:{name}", args=(app,))
    named |= {
        "access:matching": reverse("access:matching"),
        "seats:overview": reverse("seats:overview"),
        "seats:app": reverse("seats:app", args=(app,)),
        "policies:administrators": reverse("policies:administrators"),
        "policies:edit": reverse("policies:edit") + f"?app={app}&role=owner",
    }
    event = Event.objects.latest("id").public_id
    named |= {
        **{f"orders:{n}": reverse(f"orders:{n}") for n in (
            "decisions", "drifts", "orders", "steps")},
        "orders:of_app": reverse("orders:of_app", args=(app,)),
        **{f"people:{n}": reverse(f"people:{n}") for n in (
            "me", "sessions", "unsent", "users", "invite", "persons", "add_person",
            "roster_upload")},
        "people:user": reverse("people:user", args=(company.user.public_id,)),
        "people:person": reverse("people:person", args=(company.person.public_id,)),
        "evidence:person": reverse("evidence:person", args=(company.person.public_id,)),
        "evidence:files": reverse("evidence:files"),
        "evidence:file": reverse("evidence:file", args=(a_file_in_making(company).public_id,)),
        "people:edit_person": reverse("people:edit_person", args=(company.person.public_id,)),
        **{name: reverse(name) for name in ("settings", "outbox")},
        **{f"notifications:{n}": reverse(f"notifications:{n}") for n in (
            "mine", "webhook", "deliveries")},
        "audit:events": reverse("audit:events"),
        "audit:event": reverse("audit:event", args=(event,)),
        "search:results": reverse("search:results") + "?q=ana",
    }  # fmt: skip
    for name in ("choose_person", "past_access", "attributes", "history"):
        named[f"access:{name}"] = reverse(f"access:{name}", args=(account,))
    for name in ("entitlement", "past_holders"):
        named[f"access:{name}"] = reverse(f"access:{name}", args=(entitlement,))
    view = SavedView.objects.create(
        user=company.user, name="Mine", path="/apps/", created_at=NOW, changed_at=NOW
    )
    named["saved:view"] = reverse("saved:view", args=(view.public_id,))
    hold = a_hold(company.connector)
    named["connectors:difference"] = reverse(
        "connectors:difference", args=(connector, hold.public_id)
    )
    for name in ("connector", "live", "runs", "settings", "credentials", "tested", "audit"):
        named[f"connectors:{name}"] = reverse(f"connectors:{name}", args=(connector,))
    return named


def test_every_page_shows_and_asks_little(browser, company, django_assert_max_num_queries):
    """Each page answers, with at most 20 queries, and no text from Notion becomes markup."""
    for name, address in addresses(company).items():
        with django_assert_max_num_queries(MOST_QUERIES):
            response = browser.get(address)
        text = response.content.decode()

        assert response.status_code == 200, name
        assert "<script>alert" not in text, name
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", text), name
        assert re.findall(r"<script(?![^>]*\ssrc=)", text) == [], name


def named_patterns(found, space="") -> Iterator[tuple[str, list[str]]]:
    """Name and parameters of every address of ours; login and API are walked elsewhere."""
    for one in found:
        if isinstance(one, URLPattern):
            if one.name and not one.name.startswith(LOGIN):
                yield f"{space}{one.name}", list(one.pattern.converters)
        elif one.namespace != "api":
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from named_patterns(one.url_patterns, inner)


def test_the_walk_leaves_no_page_out(browser, company):
    """An address that is not walked takes only forms, or is named here with its reason."""
    walked = addresses(company)
    for name, parameters in named_patterns(get_resolver().url_patterns):
        if name not in walked and name not in NO_PAGES:
            address = reverse(name, kwargs=dict.fromkeys(parameters, "x"))

            assert browser.get(address).status_code == 405, name


def test_tables_ask_little_whatever_is_asked_of_them(
    browser, company, django_assert_max_num_queries
):
    """Filters, searches, orders, moments and differences cost at most 20 queries too."""
    app, role = company.app.public_id, company.roles[1].public_id
    held = (("feed", "q=ana"), ("feed", "kind=joined"), ("as_of", "q=ana&at=2026-01-01T00:00Z"),
            ("entitlements", "kind=group&q=des&sort=-holders"),
            *(("differences", f"kind={kind}&q=ana") for kind in (
                "joined", "left", "gained", "lost", "edited")),
            *(("accounts", query) for query in (
                "q=ana", f"role={role}&status=enabled&link=unmatched", "group=Design&group=Bo",
                "domain=acme.example", "external=yes&seat=no&type=human", "sort=-role&page=2",
                "sort=status&size=100", "cols=account,emails,link,seat,person,role")))  # fmt: skip
    asked = [(reverse(f"access:{name}", args=(app,)), query) for name, query in held]
    asked += [(reverse("search:results"), f"q={text}") for text in ("an", "costa", "acme", "des")]
    for address, query in asked:
        with django_assert_max_num_queries(MOST_QUERIES):
            assert browser.get(f"{address}?{query}").status_code == 200, query


def test_a_roster_asks_little(browser, company, django_assert_max_num_queries):
    """What a file of forty persons would change is shown with at most 20 queries."""
    del company
    lines = [f"Person {number},person{number}@acme.example" for number in range(40)]
    roster = io.BytesIO("\n".join(["name,email", *lines]).encode())
    roster.name = "people.csv"
    preview = browser.post(reverse("people:roster_upload"), {"file": roster})
    with django_assert_max_num_queries(MOST_QUERIES):
        response = browser.get(preview["Location"])

    assert b"Person 39" in response.content


def test_a_list_of_apps_asks_little(browser, company, django_assert_max_num_queries):
    """What a file of forty apps would change is shown with at most 20 queries, and then done."""
    del company
    sheet = io.BytesIO("\n".join(["name", *(f"App {n}" for n in range(40))]).encode())
    sheet.name = "apps.csv"
    preview = browser.post(reverse("access:upload"), {"file": sheet})["Location"]
    with django_assert_max_num_queries(MOST_QUERIES):
        shown = browser.get(preview).content.decode()
    assert "App 39" in shown
    digest = re.search(r'name="digest" value="(\w+)"', shown)[1]
    browser.post(f"{preview}/apply", {"digest": digest})

    listed = browser.get(reverse("access:unmanaged")).content.decode()
    assert "40 unmanaged" in listed
    chosen = App.objects.filter(state="unmanaged").values_list("public_id", flat=True)[:2]
    owner = User.objects.get().public_id
    browser.post(reverse("access:manage"), {"row": list(chosen), "owner": owner})
    listed = browser.get(reverse("access:unmanaged") + "?as=csv").getvalue().decode()
    assert len(listed.splitlines()) == 1 + 38


def test_every_page_sends_the_strict_policy(browser, company):
    """No page may run or style anything that is written into it."""
    for address in addresses(company).values():
        policy = browser.get(address)["Content-Security-Policy"]

        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_who_is_not_logged_in_goes_to_the_login(client, company):
    """Without a login no page shows anything, and afterwards one is where one wanted to go."""
    for address in addresses(company).values():
        response = client.get(address)

        assert response.status_code == 302
        assert response["Location"].startswith(reverse("account_login"))


def test_a_member_sees_no_account(client, company):
    """Whoever has no role over an app is told so, and which role it needs."""
    log_in(client, a_user("member", name="Mia Member"))
    response = client.get(reverse("access:accounts", args=(company.app.public_id,)))

    assert response.status_code == 403
    assert "one of these roles" in response.content.decode()


def test_an_owner_of_one_app_sees_that_one(client, company):
    """Lists hold what one may see, and nothing of the rest."""
    owner = a_user("app_owner", name="Alva App", scope=company.app.public_id)
    log_in(client, owner)

    assert b"Acme workspace" in client.get(reverse("access:apps")).content
    other = a_user("app_owner", name="Otto Other", scope="app_another")
    log_in(client, other)
    assert b"Acme workspace" not in client.get(reverse("access:apps")).content
    assert client.get(reverse("access:app", args=(company.app.public_id,))).status_code == 403


def rows_of(response) -> list[str]:
    """The first cell of each row of the table on a page."""
    return re.findall(r'<th role="rowheader".*?<a [^>]*>(.*?)</a>', response.content.decode())


def test_pages_of_a_table_hold_every_row_once(browser, company):
    """Walking through all pages shows each account once, in order, both ways round."""
    address = reverse("access:accounts", args=(company.app.public_id,))
    for sort in ("account", "-account", "changed", "status"):
        names = [
            name
            for page in (1, 2, 3)
            for name in rows_of(browser.get(address, {"sort": sort, "page": page}))
        ]

        assert len(names) == len(set(names)) == 60, sort
    assert "51\u201360 of 60" in browser.get(address, {"page": 3}).content.decode()
    assert rows_of(browser.get(address, {"page": 99})) == rows_of(browser.get(address, {"page": 3}))


def test_filters_and_search_narrow(browser, company):
    """A filter leaves out what does not fit, and stands there as a chip that can be removed."""
    address = reverse("access:accounts", args=(company.app.public_id,))
    outside = browser.get(address, {"external": "yes", "size": "100"})
    found = browser.get(address, {"q": "ana co", "size": "100"})
    domain = browser.get(address, {"domain": "else.example", "size": "100"})
    group = browser.get(address, {"group": "des", "size": "100"})
    nothing = browser.get(address, {"q": "nobody-is-called-that"})

    fitting = [one for one in company.accounts if one.external]
    assert len(rows_of(outside)) == len(fitting) == len(rows_of(domain))
    assert "Remove the filter Address: External" in outside.content.decode()
    assert rows_of(found)
    assert all(name.startswith("Ana Costa") for name in rows_of(found))
    assert len(rows_of(group)) == 30
    assert "Clear search and filters" in nothing.content.decode()


def test_csv_is_what_is_shown(browser, company):
    """The file holds the rows of all pages, the columns shown and the id, and no formula."""
    address = reverse("access:accounts", args=(company.app.public_id,))
    response = browser.get(
        address, {"as": "csv", "type": "human", "cols": "account,email,groups", "page": 2}
    )
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))

    assert rows[0] == ["Account", "E-mail", "Groups", "Id"]
    assert len(rows) == 61
    assert HOSTILE in [row[0] for row in rows]
    assert re.search(
        r'filename="acme-workspace-accounts-\d{4}-\d\d-\d\d-type-human\.csv"',
        response["Content-Disposition"],
    )


@pytest.mark.parametrize("where", ["accounts", "holders", "as of", "differences"])
def test_a_file_of_accounts_says_whose_they_are(browser, company, where):
    """Name, e-mail and the id in Notion, whichever columns somebody chose to look at."""
    address = reverse("access:accounts", args=(company.app.public_id,))
    query = {"cols": "status"}
    if where == "holders":
        role = company.accounts[0].role.public_id
        address = reverse("access:entitlement", args=(role,))
    if where in {"as of", "differences"}:
        name = where.replace(" ", "_")
        address, query = reverse(f"access:{name}", args=(company.app.public_id,)), {}
    response = browser.get(address, {**query, "as": "csv"})
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))

    assert {"E-mail", "Id"} < set(rows[0])
    assert rows[0][0].startswith("Account")
    if where != "differences":
        ids = {row[rows[0].index("Id")] for row in rows[1:]}
        assert ids
        assert ids <= {one.external_id for one in company.accounts}


def test_a_formula_in_a_name_is_text_in_csv(browser, company):
    """A name that a spreadsheet would compute has an apostrophe before it."""
    one = company.accounts[0]
    one.name = "=1+1"
    one.save()
    address = reverse("access:accounts", args=(company.app.public_id,))
    body = b"".join(browser.get(address, {"as": "csv"}).streaming_content).decode()

    assert "'=1+1" in body
    assert ",=1+1" not in body
    assert "\n=1+1" not in body


def test_xlsx_holds_text_and_no_formula(browser, company):
    """The workbook has one sheet of strings; what looks like a formula is stored as a string."""
    one, other = company.accounts[:2]
    one.name, other.name = "=1+1", "<r><t>Somebody else</t></r>"
    one.save()
    other.save()
    address = reverse("access:accounts", args=(company.app.public_id,))
    body = b"".join(browser.get(address, {"as": "xlsx"}).streaming_content)
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    texts = ["".join(cell.itertext()) for cell in ET.fromstring(sheet).iter(f"{SHEET}is")]  # noqa: S314 - ours

    assert "<f>" not in sheet
    assert "=1+1" in texts
    assert "<r><t>Somebody else</t></r>" in texts


def test_an_export_needs_the_right_to_export(client, company):
    """Somebody who may only see their one app exports that one and no other."""
    log_in(client, a_user("member", name="Mia Member"))
    address = reverse("access:accounts", args=(company.app.public_id,))

    assert client.get(address, {"as": "csv"}).status_code == 403


def test_a_hold_stands_on_the_connectors_page(browser, company):
    """What would end, that nothing was applied, and two buttons."""
    hold = a_hold(company.connector)
    text = browser.get(
        reverse("connectors:connector", args=(company.connector.public_id,))
    ).content.decode()

    assert "33 of 60 members would end. Nothing was applied." in text
    assert "Needs confirmation" in text
    for name in ("confirm", "reject"):
        assert (
            reverse(f"connectors:{name}", args=(company.connector.public_id, hold.public_id))
            in text
        )


def test_the_log_is_polled_while_a_run_goes_on(browser, company):
    """The live part asks again while something runs, and stops when it is over."""
    address = reverse("connectors:live", args=(company.connector.public_id,))
    calm = browser.get(address).content.decode()
    a_run(company.connector, state="running")
    busy = browser.get(address).content.decode()

    assert "every 2s" not in calm
    assert "every 2s" in busy
    assert "One record is damaged" in busy


@pytest.mark.parametrize(
    ("at", "status"),
    [("2020-01-01T00:00", 200), ("", 200), ("nonsense", 422), ("9999-12-31T23:59", 422)],
)
def test_access_as_of_any_moment(browser, company, at, status):
    """A moment before the first sync is said to be unknown; one that is none is refused."""
    address = reverse("access:as_of", args=(company.app.public_id,))
    response = browser.get(address, {"at": at})

    assert response.status_code == status
    if at.startswith("2020"):
        assert "Nothing is known of that moment" in response.content.decode()


def test_the_theme_is_kept_in_a_cookie(browser):
    """The switch sets what the page's root says; an address elsewhere is not gone to."""
    chosen = browser.post(reverse("appearance"), {"theme": "dark", "next": "//evil.example/"})
    page = browser.get("/").content.decode()

    assert chosen["Location"] == "/"
    assert 'data-theme="dark"' in page
