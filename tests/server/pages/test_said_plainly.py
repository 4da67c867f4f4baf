"""What pages say: numbers that agree from one to the next, words that are so, and who can help."""

import re

import pytest
from company import NOW, Company, a_user, log_in
from django.test import Client as Browser
from django.urls import reverse

from rolecall.server.access.models import App, Change, Grant
from rolecall.server.connectors.models import Client, Connector
from rolecall.server.orders.models import Decision

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Company:
    """Twelve accounts in one app."""
    del db
    return Company.build(accounts=12)


@pytest.fixture
def browser(client: Browser, company: Company) -> Browser:
    """Of a super administrator."""
    return log_in(client, company.user)


def text_of(browser: Browser, address: str) -> str:
    """A page."""
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def changes_card(browser: Browser) -> str:
    """What home says of the last seven days."""
    return text_of(browser, "/").partition("Changed in the last seven days")[2]


def test_home_counts_what_its_link_shows(browser, company):
    """A change of last month is neither in the number nor on the page that the number leads to."""
    old = Change.objects.latest("id")
    Change.objects.filter(pk=old.pk).update(at=company.syncs[0].started_at)
    card = changes_card(browser)
    (address,) = re.findall(r'href="([^"]+)">What changed<', card)

    assert "<strong>2</strong>" in card
    assert "2 of 2<" in text_of(browser, address)


def test_home_leads_to_no_single_app_of_several(browser, company):
    """Changes of several apps are counted together: each says of which, and the link is to all."""
    App.objects.create(name="Beta", created_at=NOW)
    card = changes_card(browser)

    assert "What changed" not in card
    assert f'href="{reverse("access:apps")}">All apps<' in card
    assert card.count(company.app.name) == 3


def test_the_figures_of_an_app_are_those_of_their_pages(browser, company):
    """Each number on the overview of an app is the number of rows of the table behind it."""
    overview = text_of(browser, reverse("access:app", args=(company.app.public_id,)))
    tiles = re.findall(r'<a class="panel figure" href="([^"]+)"><strong>([\d,]+)<', overview)

    assert len(tiles) == 6
    for address, number in tiles:
        shown = re.findall(r"of ([\d,]+)</span>", text_of(browser, address.replace("&amp;", "&")))
        assert shown == ([] if number == "0" else [number]), address


def test_a_connector_that_never_called_has_its_credential(browser):
    """Whoever has rotated is sent to the machine, and not to Rotate again."""
    there = {"state": "not_connected", "kind": "baton", "created_at": NOW}
    for name in ("Silent", "Empty"):
        app = App.objects.create(name=name, created_at=NOW)
        Connector.objects.create(app=app, name=name, **there)
    Client.objects.create(
        connector=Connector.objects.get(name="Silent"), client_id="x", made_at=NOW, made_by="Olga",
        public_key={},
    )  # fmt: skip
    home = text_of(browser, "/")

    assert "Silent has not called yet" in home
    assert "Empty has no credentials that work" in home


def test_whoever_is_chosen_stands_first(browser, company):
    """Among many users one sees that one is an owner of what one adds."""
    for name in ("Aaron", "Abel", "Adam"):
        a_user("member", name=f"{name} Early")
    shown = text_of(browser, reverse("connectors:set_up", args=("notion",)))
    owners = re.findall(r'name="owner"[^>]*?( checked)?><span>([^<]+)', shown)

    assert owners[0] == (" checked", f"{company.user.name} (you)")
    assert [name for _checked, name in owners[1:]] == sorted(name for _c, name in owners[1:])


def test_a_plan_of_which_nothing_can_be_done_is_cancelled(browser, company):
    """It says so, offers no way but to end it, and waits on home no longer."""
    group = company.groups[0]
    inside = Grant.objects.filter(entitlement=group, until_at=None).first().account
    asked = {"verb": "add_to_group", "row": inside.public_id, "target": group.public_id}
    browser.post(reverse("orders:plan", args=(company.app.public_id,)), asked)
    decision = Decision.objects.get()
    shown = text_of(browser, reverse("orders:decision", args=(decision.public_id,)))
    assert "nothing of this can be applied" in shown
    assert "1 plan waits" in text_of(browser, "/")
    end = reverse("orders:cancel", args=(decision.public_id,))
    assert f'action="{end}"' in shown
    browser.post(end)

    assert Decision.objects.get().state == "cancelled"
    assert "1 plan waits" not in text_of(browser, "/")


def test_an_owner_is_told_that_it_is_about_this_one(client, company):
    """Who has the role over something else is not told that they need what they have."""
    log_in(client, a_user("app_owner", name="Otto Other", scope="app_another"))
    text = client.get(reverse("access:accounts", args=(company.app.public_id,))).content.decode()

    assert "You may not do this" in text
    assert "one of these roles, for just this one: App owner," in text
    assert "Ask a super administrator" in text


@pytest.mark.parametrize(
    ("name", "typed"),
    [("people:add_person", {"name": "A\0na"}), ("access:add_app", {"name": "Fig\0ma"})],
)
def test_what_cannot_be_kept_is_refused(browser, name, typed):
    """A character that no text in the database can hold is the sender's to mend, not our fault."""
    answer = browser.post(reverse(name), typed)

    assert answer.status_code == 422
    assert "cannot be kept" in answer.content.decode()


def test_what_was_typed_stays_beside_the_error(browser, company):
    """An address that is taken, a zone that is none: nothing has to be typed or ticked again."""
    typed = {"name": "Nora New", "email": company.user.email, "role": ["auditor", "member"]}
    shown = browser.post(reverse("people:invite"), typed).content.decode()
    assert re.findall(r'value="(\w+)" checked', shown) == ["auditor", "member"]
    assert 'value="Nora New"' in shown
    shown = browser.post(reverse("people:me_save"), {"name": "N. New", "zone": "Mars"}).content

    assert b'value="N. New"' in shown
