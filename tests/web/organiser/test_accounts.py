"""One's own account: the second factor, links by mail, passwords, and where one is signed in."""

import re
from datetime import timedelta

import pytest
import zxingcpp
from sqlalchemy import func, select

from tests.factories import NOW, show_code
from tests.web.conftest import Browser
from tests.web.organiser.conftest import (
    EMAIL,
    PASSWORD,
    SECRET,
    SLUG,
    add_second_factor,
    find_link,
    sign_in,
)
from webinars import accounts, grants, letters, organisers, second_factors
from webinars.models import (
    AccountPurpose,
    AuditRecord,
    Delivery,
    MailName,
    OrganiserRole,
    SignIn,
    SignInMethod,
)

HOME = "/organiser/"
CODE = "/organiser/sign-in/code"
FRESH = "une phrase toute neuve"


def make_code(clock):
    return show_code(SECRET, clock.now)


def list_mails(runtime):
    with runtime.reading() as tx:
        return list(tx.scalars(select(Delivery.template).order_by(Delivery.id)))


def read_mail(runtime):
    """Return the words of the last mail, and to whom it goes."""
    with runtime.reading() as tx:
        last = tx.scalars(select(Delivery).order_by(Delivery.id.desc())).first()
        draft = letters.prepare(tx, [last.id], links=runtime.links, sender="a@example.org")[last.id]
    return draft.recipient, draft.read().text


def test_with_a_second_factor_the_password_alone_opens_nothing(pages, world, runtime, clock):
    add_second_factor(runtime, at=NOW - timedelta(minutes=5))

    answer = sign_in(pages, path=f"/organiser/sign-in?next=/organiser/events/{SLUG}/")
    assert answer.location.startswith(CODE)
    assert pages.get(HOME).status == 303
    page = pages.follow(answer)
    refused = pages.submit(page, code="000000")
    assert refused.status == 422
    assert "n’est pas le bon" in refused.find_error("code")

    entered = pages.submit(refused, code=make_code(clock))
    assert entered.location == f"/organiser/events/{SLUG}/"
    assert pages.get(HOME).status == 200


def test_a_code_lets_in_once(pages, app, world, runtime, clock):
    add_second_factor(runtime, at=NOW - timedelta(minutes=5))
    for browser, status in ((pages, 303), (Browser(app), 422)):
        page = browser.follow(sign_in(browser))
        assert browser.submit(page, code=make_code(clock)).status == status


def test_a_code_on_paper_replaces_the_telephone(pages, world, runtime):
    codes = add_second_factor(runtime)
    page = pages.follow(sign_in(pages))

    assert pages.submit(page, code=codes[3]).location == HOME
    assert "9 codes de secours restent" in pages.get("/organiser/account").words
    assert "code de secours" in pages.get("/organiser/account").words


def test_guessing_codes_is_slowed_down_like_guessing_passwords(pages, world, runtime, clock):
    add_second_factor(runtime, at=NOW - timedelta(minutes=5))
    page = pages.follow(sign_in(pages))
    for _ in range(5):
        assert pages.submit(page, code="000000").status == 422

    assert pages.submit(page, code=make_code(clock)).status == 429
    again = pages.follow(sign_in(pages))
    assert pages.submit(again, code=make_code(clock)).status == 429


def test_the_password_counts_for_ten_minutes_while_the_telephone_is_looked_for(
    pages, world, runtime, clock
):
    add_second_factor(runtime, at=NOW - timedelta(minutes=5))
    page = pages.follow(sign_in(pages))
    clock.now += timedelta(minutes=10)

    assert pages.submit(page, code=make_code(clock)).location == "/organiser/sign-in"
    assert pages.get(CODE).location == "/organiser/sign-in"
    assert "Recommencez" in pages.get("/organiser/sign-in").words


def test_a_password_that_was_changed_meanwhile_lets_nobody_in_with_a_code(
    pages, world, runtime, clock
):
    add_second_factor(runtime, at=NOW - timedelta(minutes=5))
    page = pages.follow(sign_in(pages))
    with runtime.transaction() as tx:
        organisers.set_password(tx, EMAIL, FRESH)

    assert pages.submit(page, code=make_code(clock)).location == "/organiser/sign-in"
    assert pages.get(HOME).status == 303


def test_a_telephone_is_set_up_from_a_picture_and_counts_once_a_code_came_back(
    desk, app, world, runtime, clock
):
    account = desk.get("/organiser/account")
    page = desk.follow(desk.submit(account, action="/begin"))
    secret = read_secret(desk)
    assert secret.replace("=", "") in page.words.replace(" ", "")
    assert sign_in(Browser(app)).location == HOME  # nothing has changed yet

    assert desk.submit(page, action="/second-factor", code="000000").status == 422
    right = show_code(secret, clock.now)
    shown = desk.follow(desk.submit(page, action="/second-factor", code=right))
    assert len(shown.find_all("code")) == second_factors.CODES
    assert list_mails(runtime) == [MailName.SIGN_IN_CHANGED]
    assert sign_in(Browser(app)).location.startswith(CODE)

    assert desk.submit(shown, action="/noted").status == 303
    assert desk.get("/organiser/account/recovery-codes").status == 303


def read_secret(desk):
    """Read the picture as a telephone does, and return the secret in it."""
    answer = desk.client.get("/organiser/account/second-factor/picture.svg")
    assert answer.mimetype == "image/svg+xml"
    text = answer.get_data(as_text=True)
    assert "script" not in text and "style=" not in text
    read = zxingcpp.read_barcodes(draw(text))
    assert len(read) == 1 and EMAIL in read[0].text.replace("%40", "@")
    return read[0].text.split("secret=")[1].split("&")[0]


def draw(svg):
    """Draw a picture of segno: dark runs of one row each, on light."""
    side, scale = int(re.search(r'width="([0-9]+)"', svg)[1]), 5
    pixels = bytearray(b"\xff" * side * side)
    x = y = 0.0
    path = re.search(r'class="qrline"[^>]* d="([^"]*)"', svg)[1]
    for kind, first, second in re.findall(r"([Mmh])(-?[0-9.]+)(?: ?(-?[0-9.]+))?", path):
        if kind == "h":
            start, length, top = int(x * scale), int(float(first) * scale), int((y - 0.5) * scale)
            for row in range(top, top + scale):
                pixels[row * side + start : row * side + start + length] = bytes(length)
            x += float(first)
        elif kind == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    return memoryview(pixels).cast("B", shape=[side, side])


def test_who_turns_the_second_factor_off_gives_a_code_first_and_is_told_by_mail(
    desk, app, runtime, clock
):
    codes = add_second_factor(runtime, at=NOW - timedelta(minutes=5))
    page = desk.get("/organiser/account/second-factor")

    assert desk.submit(page, action="/change", what="off", code="000000").status == 422
    assert desk.submit(page, action="/change", what="off", code=codes[0]).status == 303
    assert list_mails(runtime) == [MailName.SIGN_IN_CHANGED]
    assert sign_in(Browser(app)).location == HOME


def test_fresh_codes_on_paper_are_shown_once(desk, runtime, clock):
    former = add_second_factor(runtime, at=NOW - timedelta(minutes=5))
    page = desk.get("/organiser/account/second-factor")

    shown = desk.follow(desk.submit(page, action="/change", what="codes", code=make_code(clock)))

    fresh = ["".join(one.itertext()) for one in shown.find_all("code")]
    assert len(fresh) == second_factors.CODES and not set(fresh) & set(former)


def test_a_link_by_mail_lets_in_with_a_button_and_once(pages, app, world, runtime):
    answer = pages.submit(pages.get("/organiser/sign-in/link"), email=EMAIL)
    assert "vient de partir" in pages.follow(answer).words
    recipient, text = read_mail(runtime)
    path = find_link(runtime, AccountPurpose.SIGN_IN)
    assert recipient == EMAIL and path in text

    scanner = Browser(app)
    for _ in range(3):
        assert scanner.get(path).status == 200
        assert scanner.get(HOME).status == 303
    assert pages.submit(pages.get(path)).location == HOME
    assert pages.get(HOME).status == 200
    assert scanner.get(path).heading == "Ce lien ne sert plus"
    assert scanner.post(path).status == 400  # without the proof of a form


def test_an_unknown_address_is_told_the_same_and_nothing_leaves(pages, world, runtime):
    for wanted in ("link", "password"):
        path = f"/organiser/sign-in/{wanted}"
        unknown = pages.follow(pages.submit(pages.get(path), email="nobody@example.org")).words
        assert list_mails(runtime) == []
        known = pages.follow(pages.submit(pages.get(path), email=EMAIL)).words
        assert known == unknown
        with runtime.transaction() as tx:
            tx.query(Delivery).delete()


def test_a_link_does_not_spare_the_code(pages, world, runtime, clock):
    add_second_factor(runtime, at=NOW - timedelta(minutes=5))
    pages.submit(pages.get("/organiser/sign-in/link"), email=EMAIL)

    answer = pages.submit(pages.get(find_link(runtime, AccountPurpose.SIGN_IN)))

    assert answer.location == CODE
    assert pages.get(HOME).status == 303
    pages.submit(pages.get(CODE), code=make_code(clock))
    assert pages.get(HOME).status == 200
    with runtime.reading() as tx:
        assert tx.scalar(select(SignIn.method)) is SignInMethod.LINK


@pytest.mark.parametrize(
    ("purpose", "lasts"),
    [
        (AccountPurpose.SIGN_IN, timedelta(minutes=15)),
        (AccountPurpose.PASSWORD, timedelta(hours=1)),
    ],
)
def test_a_link_is_over_in_time(pages, world, runtime, clock, purpose, lasts):
    with runtime.transaction() as tx:
        accounts.send_link(tx, organisers.find(tx, EMAIL), purpose, now=NOW)
    page = pages.get(find_link(runtime, purpose))
    clock.now += lasts

    values = {} if purpose is AccountPurpose.SIGN_IN else {"password": FRESH}
    answer = pages.submit(page, values)
    assert (answer.status, answer.heading) == (409, "Ce lien ne sert plus")
    assert pages.get(HOME).status == 303


def test_a_token_that_is_none_leads_nowhere(pages, world, runtime):
    with runtime.transaction() as tx:
        accounts.send_link(tx, organisers.find(tx, EMAIL), AccountPurpose.SIGN_IN, now=NOW)
    path = find_link(runtime, AccountPurpose.SIGN_IN)
    for wrong in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/organiser/links/x", f"{path}0"):
        assert pages.get(wrong).status == 404


def test_one_address_is_sent_five_links_an_hour(pages, world, runtime, clock):
    for _ in range(7):
        pages.submit(pages.get("/organiser/sign-in/link"), email=EMAIL)
    assert len(list_mails(runtime)) == accounts.LINKS_AN_HOUR
    clock.now += timedelta(hours=1)
    pages.submit(pages.get("/organiser/sign-in/link"), email=EMAIL)
    assert len(list_mails(runtime)) == accounts.LINKS_AN_HOUR + 1


def test_a_forgotten_password_is_replaced_by_a_link_and_every_sign_in_ends(
    pages, desk, app, runtime
):
    pages.submit(pages.get("/organiser/sign-in/password"), email=EMAIL.upper())
    page = pages.get(find_link(runtime, AccountPurpose.PASSWORD))
    assert pages.submit(page, password="trop court").find_error("password")

    answer = pages.submit(page, password=FRESH)

    assert "Connectez-vous avec le nouveau" in pages.follow(answer).words
    assert desk.get(HOME).status == 303
    assert list_mails(runtime)[-1] is MailName.SIGN_IN_CHANGED
    assert sign_in(Browser(app)).status == 422
    assert sign_in(Browser(app), password=FRESH).location == HOME


def test_who_was_invited_chooses_a_name_and_a_password(pages, world, runtime, clock):
    with runtime.transaction() as tx:
        institution = organisers.get_institution(tx, "DAECT")
        leila = organisers.add_invited(tx, "leila@example.org", institution=institution, now=NOW)
        grants.give(tx, leila, OrganiserRole.READER, by=EMAIL, now=NOW)
        accounts.send_link(tx, leila, AccountPurpose.INVITATION, now=NOW)
    clock.now += timedelta(days=7)
    path = find_link(runtime, AccountPurpose.INVITATION)
    assert pages.get(path).heading == "Ce lien ne sert plus"

    pages.submit(pages.get("/organiser/sign-in/link"), email="leila@example.org")
    assert list_mails(runtime) == [MailName.ORGANISER_INVITATION] * 2
    page = pages.get(find_link(runtime, AccountPurpose.INVITATION))
    assert pages.submit(page, name="", password=PASSWORD).find_error("name")
    assert pages.submit(page, name="Leïla Amrani", password=PASSWORD).location == HOME

    assert pages.get(HOME).status == 200
    with runtime.reading() as tx:
        assert organisers.find(tx, "leila@example.org").name == "Leïla Amrani"


def test_a_new_password_keeps_this_browser_and_ends_the_others(desk, app, runtime):
    other = Browser(app)
    sign_in(other)
    page = desk.get("/organiser/account")
    form = {"present": "une autre phrase", "password": FRESH}
    assert desk.submit(page, form, action="/password").find_error("present")
    assert other.get(HOME).status == 200

    answer = desk.submit(page, form | {"present": PASSWORD}, action="/password")

    assert answer.status == 303
    assert desk.get(HOME).status == 200
    assert other.get(HOME).status == 303
    assert list_mails(runtime) == [MailName.SIGN_IN_CHANGED]
    with runtime.reading() as tx:
        assert "account.set_password" in tx.scalars(select(AuditRecord.deed)).all()


def test_one_sees_where_one_is_signed_in_and_ends_it(desk, app, runtime):
    phone = Browser(app)
    phone.client.environ_base["HTTP_USER_AGENT"] = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
        " Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
    )
    sign_in(phone)
    page = desk.get("/organiser/account")
    assert "Safari · iPhone" in page.words

    assert desk.submit(page, action="/sign-ins/2/end").status == 303
    assert phone.get(HOME).status == 303
    assert desk.get(HOME).status == 200
    assert "Safari · iPhone" not in desk.get("/organiser/account").words


def test_nobody_ends_the_sign_in_of_another(desk, app, runtime, service):
    other = Browser(app)
    sign_in(other, email=service)
    page = desk.get("/organiser/account")
    token = page.find_field("csrf_token").get("value")

    desk.post("/organiser/account/sign-ins/2/end", {"csrf_token": token})

    assert other.get(HOME).status == 200


def test_all_other_sign_ins_end_at_once(desk, app):
    others = [Browser(app) for _ in range(2)]
    for one in others:
        sign_in(one)
    desk.submit(desk.get("/organiser/account"), action="/end-others")
    assert [one.get(HOME).status for one in [desk, *others]] == [200, 303, 303]


def test_a_page_changes_the_row_of_a_sign_in_every_few_minutes_only(desk, runtime, clock):
    seen = []
    for _ in range(6):
        clock.now += timedelta(minutes=2)
        desk.get(HOME)
        with runtime.reading() as tx:
            seen.append(tx.scalar(select(SignIn.seen_at)) - NOW)
    minutes = [one.total_seconds() / 60 for one in seen]
    assert minutes == [0, 0, 6, 6, 6, 12]


def test_signing_out_ends_the_row_too(desk, runtime):
    with desk.client.session_transaction() as session:
        kept = dict(session)
    desk.submit(desk.get(HOME), action="sign-out")
    with desk.client.session_transaction() as session:
        session.update(kept)
    assert desk.get(HOME).status == 303  # a cookie that was copied is worth nothing


def test_a_closed_account_is_out_at_once_and_no_link_helps(desk, pages, runtime):
    with runtime.transaction() as tx:
        nadia = organisers.find(tx, EMAIL)
        accounts.send_link(tx, nadia, AccountPurpose.SIGN_IN, now=NOW)
        nadia.disabled_at = NOW
    assert desk.get(HOME).status == 303
    assert sign_in(pages).status == 422
    assert pages.get(find_link(runtime, AccountPurpose.SIGN_IN)).heading == "Ce lien ne sert plus"
    pages.submit(pages.get("/organiser/sign-in/link"), email=EMAIL)
    with runtime.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(Delivery)) == 1
