"""The organiser's road: signed in with a code, from an empty page to the list of an event."""

import email as email_parser
import re
import time
from datetime import UTC, datetime, timedelta
from email import policy

import openpyxl
import pyotp
import pytest

from tests.browser import pictures
from tests.browser.conftest import open_window
from tests.browser.test_road import choose, submit

pytestmark = pytest.mark.browser

ORGANISER = "chargee.de.mission@example.org"
PILOT = "responsable@example.org"
PASSWORD = "une phrase de passe assez longue"
TITLE = "Face à la crise du COVID 19, l’adaptation de la coopération décentralisée"
SLUG = "adaptation"
EVENT = f"/organiser/events/{SLUG}"
PROGRAMME = (
    ("15h00", "15h45", "Témoignages du vécu et des besoins de coopération"),
    ("15h45", "16h15", "Le point de vue des partenaires dans les territoires français"),
    ("16h15", "17h00", "Adaptation des outils au service de la coopération décentralisée"),
    ("17h00", "17h30", "Réponses aux questions posées lors du webinaire"),
)
# As a ministry's Excel writes it: semicolons, Windows letters, a title above the headers.
CONTACTS = """\
Annuaire des collectivités;;;;
Civilité;Nom;Prénom;Courriel;Collectivité
Mme;Bennani;Samira;samira@example.org;Région Fès-Meknès
M.;Évrard;Zoé;zoe@example.org;Ville de Bordeaux
M.;Sans adresse;Jean;;Ville de Marseille
"""

PEOPLE = """\
civility,last_name,first_name,email,role,job_title,organization,organization_kind,country
m,Évrard,Zoé,zoe@example.org,staff,Chargé de mission,Ville de Bordeaux,commune,FR
"""
REPORT = """\
From: MAILER-DAEMON@example.org
To: webinaires@localhost
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {email}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b--
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Serve the examples, with an organiser of DAECT."""
    folder = tmp_path_factory.mktemp("workspace")
    with pictures.serve(folder, WEBINARS_QUIET_MINUTES="0") as running:
        running.run("organisers", "add", ORGANISER, "--institution", "DAECT", input=PASSWORD + "\n")
        yield running


def test_the_webinar_of_may_2020_from_nothing_to_its_list(service, desk, phone, tmp_path):
    secret = sign_in_for_the_first_time(desk, service)
    sign_in_with_the_telephone(desk, service, secret)
    create(desk)
    build_programme(desk)
    fill_in_what_lacks(desk)
    press(desk, "Publier")
    assert desk.get_by_text("Inscriptions ouvertes").count() == 1
    bring_in_contacts(desk, service, tmp_path)
    invite(desk, service)
    accept_on_a_phone(phone, service)
    register(service, tmp_path)
    write_message(desk, service)
    report_failure(service, "zoe@example.org")
    read_who_missed_it(desk)
    export(desk, tmp_path)
    assert desk.complaints == []


def sign_in_for_the_first_time(page, service):
    """Sign in with the password, set the telephone up, and return what it keeps."""
    give_password(page, service)
    page.goto(f"{service.url}/organiser/account")
    press(page, "Demander un code à chaque connexion")
    secret = re.sub(r"\s", "", page.locator("code").first.inner_text())
    page.fill("[name=code]", pyotp.TOTP(secret).now())
    press(page, "Terminer")
    assert page.locator(".codes li").count() == 10
    press(page, "Je les ai notés")
    press(page, "Se déconnecter")
    return secret


def sign_in_with_the_telephone(page, service, secret):
    """Sign in with the password and a code; the one that set the telephone up lets nobody in."""
    totp = pyotp.TOTP(secret)
    step = totp.timecode(datetime.now(UTC))  # noqa: TID251 - the service reads the real clock
    give_password(page, service)
    page.fill("[name=code]", totp.generate_otp(step + 1))
    submit(page)
    assert page.get_by_role("heading", level=1).inner_text() == "Mes événements"


def create(page):
    """Create the webinar of the seed as a draft: its day, its hours, in its zone."""
    go(page, "Nouvel événement")
    page.fill("[name=title]", TITLE)
    page.fill("[name=slug]", SLUG)
    page.fill("[name=starts_on]", find_tuesday().isoformat())
    page.fill("[name=starts_time]", "15h00")
    page.fill("[name=ends_time]", "17h30")
    # Said while one types, by the page's own script: in both cities.
    said = page.locator("[data-says=when]")
    said.wait_for(state="visible")
    assert "mardi" in said.inner_text() and "heure de Rabat" in said.inner_text()
    press(page, "Créer le brouillon")


def build_programme(page):
    """Add the four sessions; a clash is shown before anything is saved."""
    for starts, ends, title in PROGRAMME:
        page.goto(f"{base_of(page)}{EVENT}/programme")
        go(page, "Ajouter une séance")
        page.fill("[name=title_fr]", title)
        page.fill("[name=day]", find_tuesday().isoformat())
        page.fill("[name=starts_time]", starts)
        page.fill("[name=ends_time]", ends)
        press(page, "Enregistrer")


def fill_in_what_lacks(page):
    """Follow the check list until nothing keeps the event from being published."""
    page.goto(f"{base_of(page)}{EVENT}/publication")
    assert page.get_by_text("d’abord", exact=True).count() == 1
    go(page, "Contacts et signataires")
    page.fill("[name=contacts_0_name]", "Nadia Lefort")
    page.fill("[name=contacts_0_email]", "contact@example.org")
    press(page, "Enregistrer")
    go(page, "Préparer")
    assert page.get_by_text("d’abord", exact=True).count() == 0


def bring_in_contacts(page, service, folder):
    """Bring in a list as it is, see how it is understood, and import it."""
    path = folder / "annuaire.csv"
    path.write_bytes(CONTACTS.encode("cp1252"))
    go(page, "Contacts")
    go(page, "Importer une liste")
    page.set_input_files("[name=file]", path)
    press(page, "Lire le fichier")
    page.fill("[name=source]", "Annuaire de 2026")
    page.select_option("[name=legal_basis]", index=1)
    press(page, "Vérifier toute la liste")
    go_on(page, page.get_by_role("button", name="Importer", exact=True))
    press(page, "Importer")
    go_on(page, page.get_by_role("link", name="Voir les contacts"))
    go(page, "Voir les contacts")
    assert set(page.locator("tbody th a").all_inner_texts()) == {"BENNANI Samira", "ÉVRARD Zoé"}


def invite(page, service):
    """Invite the contacts of the institution, who were not asked yet."""
    page.goto(f"{service.url}{EVENT}/invitations")
    go(page, "Inviter des contacts")
    press(page, "Inviter 2 personnes")
    wait_for_mails(service, "invitation", 2)


def accept_on_a_phone(page, service):
    """Open the own address in the mail: the form knows the name, and asks for the rest."""
    mail = find_mail(service, "samira@example.org", "invitation")
    page.goto(re.search(rf"{service.url}/i/\S+", mail)[0])
    page.locator("a[href*='register']").first.click()
    assert page.input_value("[name=last_name]") == "Bennani"
    assert page.input_value("[name=organization]") == "Région Fès-Meknès"
    page.fill("[name=job_title]", "Vice-présidente")
    choose(page, "role", "elected")
    choose(page, "organization_kind", "region")
    choose(page, "country", "MA")
    submit(page)
    assert "/r/" in page.url


def find_mail(service, email, template):
    """Return the text of a mail of the outbox: the newest of that kind to that address."""
    found = []
    for path in sorted((service.folder / "var/outbox").glob(f"*-{template}.eml")):
        message = email_parser.message_from_bytes(path.read_bytes(), policy=policy.default)
        if email in message["To"]:
            found.append(message.get_body(("plain",)).get_content())
    return found[-1]


def register(service, folder):
    """Register the other one, as her secretariat wrote."""
    path = folder / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    service.run("registrations", "import", SLUG, str(path))


def write_message(page, service):
    """Write to everybody who is confirmed, see it as one of them will, and let it leave."""
    page.goto(f"{service.url}{EVENT}/messages")
    go(page, "Écrire un message")
    page.fill("[name=subject_fr]", "Vos questions avant le webinaire")
    page.fill("[name=body_fr]", "Merci {prenon}, envoyez vos questions avant lundi.")
    press(page, "Enregistrer et voir l’aperçu")
    assert "{prenom}" in page.locator("[role=alert], .error").first.inner_text()
    page.fill("[name=body_fr]", "Merci {prenom}, envoyez vos questions avant lundi.")
    press(page, "Enregistrer et voir l’aperçu")
    letter = page.frame_locator("iframe.letter")
    assert "Merci Samira" in letter.locator("body").inner_text()
    go(page, "Choisir quand il part")
    page.check("[name=when][value=now]")
    press(page, "Voir ce qui partira")
    press(page, "Programmer pour 2 personnes")
    wait_for_mails(service, "message", 2)
    page.goto(f"{service.url}{EVENT}/messages")


def report_failure(service, email):
    """Let a mail server say that there is no such mailbox, as it would in a mail of its own."""
    sent = [one.read_text("utf-8") for one in (service.folder / "var/outbox").glob("*.eml")]
    (mail,) = [one for one in sent if f"To: {email}" in one and "Vos questions" in one]
    message_id = re.search(r"(?im)^message-id: (\S+)", mail)[1]
    service.run("intake", input=REPORT.format(email=email, message_id=message_id))


def read_who_missed_it(page):
    page.goto(f"{base_of(page)}{EVENT}/messages")
    page.get_by_role("link", name="Vos questions avant le webinaire").first.click()
    row = page.get_by_role("row", name=re.compile("ÉVRARD Zoé")).inner_text()
    assert "L’adresse n’existe pas" in row and "550 5.1.1 User unknown" in row


def export(page, folder):
    """Take the list to Excel."""
    page.goto(f"{base_of(page)}{EVENT}/exports")
    with page.expect_download() as waited:
        press(page, "Excel (XLSX)")
    path = folder / "inscrits.xlsx"
    waited.value.save_as(path)
    sheet = openpyxl.load_workbook(path).active
    assert {"Bennani", "Évrard"} <= {cell.value for row in sheet.iter_rows() for cell in row}


def wait_for_mails(service, template, number):
    """Wait until so many mails of a kind were written to the outbox."""
    for _ in range(240):
        listed = service.run("deliveries", "list", SLUG, "--json")
        if len(re.findall(rf'"mailing": "{template}",\s+"state": "accepted"', listed)) >= number:
            return
        time.sleep(0.25)
    raise AssertionError(listed)


def give_password(page, service):
    page.goto(f"{service.url}/organiser/sign-in")
    page.fill("[name=email]", ORGANISER)
    page.fill("[name=password]", PASSWORD)
    submit(page)


def find_tuesday():
    """Return a Tuesday some weeks ahead, as the seed's webinar was on one."""
    today = datetime.now(UTC).date()  # noqa: TID251 - the service reads the real clock
    ahead = today + timedelta(weeks=4)
    return ahead + timedelta(days=(1 - ahead.weekday()) % 7)


def press(page, name):
    """Press the button of that name."""
    page.get_by_role("button", name=name, exact=True).first.click()


def go(page, name):
    """Follow the link of that name."""
    page.get_by_role("link", name=name, exact=True).first.click()


def go_on(page, awaited):
    """Wait until work in the background is done, which the page shows, and go on from there."""
    done = page.get_by_role("link", name="Voir la suite")
    awaited.or_(done).first.wait_for()
    if done.count():
        done.click()
    awaited.wait_for()


def base_of(page):
    return page.url.split("/organiser")[0]


SHARED = "collectivites-face-a-la-covid-19"
PARTNER = "chef.de.division@example.org"


@pytest.fixture
def other_desk(chromium):
    """Open another browser on a desk: somebody else's."""
    yield from open_window(chromium, locale="fr-FR", viewport={"width": 1280, "height": 900})


def test_two_institutions_keep_one_list_and_each_its_own_contacts(
    service, desk, other_desk, tmp_path
):
    service.run("organisers", "add", PILOT, "--institution", "DAECT", input=PASSWORD + "\n")
    service.run("organisers", "add", PARTNER, "--institution", "DGCT:MA", input=PASSWORD + "\n")
    enter(desk, service, PILOT)
    enter(other_desk, service, PARTNER)

    # Each brings its own contacts, and sees those alone.
    add_contact(desk, "Garnier")
    add_contact(other_desk, "Alaoui")
    assert "GARNIER Claire" in list_contacts(desk)
    assert "ALAOUI Claire" not in list_contacts(desk)
    assert list_contacts(other_desk) == ["ALAOUI Claire"]

    # Both write on one list, which says who brought whom.
    add_person(desk, "Moreau")
    add_person(other_desk, "Idrissi")
    for page in (desk, other_desk):
        for acronym, name in (("DAECT", "MOREAU Jean"), ("DGCT", "IDRISSI Jean")):
            page.goto(f"{service.url}/organiser/events/{SHARED}/registrations?source={acronym}")
            assert page.locator("tbody a").first.inner_text() == name
        page.goto(f"{service.url}/organiser/events/{SHARED}/registrations")
        assert "2 inscriptions" in page.locator("main").inner_text()

    # The owner of the event shares no more than figures: the list is gone, though a page was open.
    desk.goto(f"{service.url}/organiser/events/{SHARED}/roles")
    part = desk.locator(".sitting", has_text="Direction générale des collectivités territoriales")
    part.locator("select").select_option("figures")
    part.get_by_role("button").click()
    other_desk.reload()
    assert other_desk.get_by_role("heading", level=1).inner_text() == "Vous n’avez pas ce droit"
    assert "MOREAU" not in other_desk.locator("main").inner_text()
    other_desk.goto(f"{service.url}/organiser/events/{SHARED}/figures")
    assert other_desk.get_by_role("heading", level=1).inner_text() == "Chiffres"
    assert list_contacts(other_desk) == ["ALAOUI Claire"]


def enter(page, service, email):
    page.goto(f"{service.url}/organiser/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    submit(page)


def add_contact(page, last_name):
    go(page, "Contacts")
    go(page, "Ajouter un contact")
    page.fill("[name=last_name]", last_name)
    page.fill("[name=first_name]", "Claire")
    page.fill("[name=email]", f"{last_name.lower()}@example.org")
    page.fill("[name=source]", "Annuaire")
    page.select_option("[name=legal_basis]", index=1)
    submit(page)


def list_contacts(page):
    go(page, "Contacts")
    return page.locator("tbody th a").all_inner_texts()


def add_person(page, last_name):
    page.goto(f"{base_of(page)}/organiser/events/{SHARED}/registrations/add")
    page.fill("[name=last_name]", last_name)
    page.fill("[name=first_name]", "Jean")
    page.fill("[name=email]", f"{last_name.lower()}@example.org")
    for name, value in (
        ("role", "staff"),
        ("country", "FR"),
        ("organization_kind", "commune"),
    ):
        choose(page, name, value)
    page.fill("[name=job_title]", "Directeur")
    page.fill("[name=organization]", "Ville de Bordeaux")
    press(page, "Inscrire")
