"""Event files: every mistake is named at once, and other spellings of the same say the same."""

from datetime import date, datetime

import pytest

from webinars import eventfiles
from webinars.errors import FileRefused
from webinars.eventfiles import EventFile, content, parse, shift
from webinars.eventfiles.moments import parse_rule
from webinars.eventfiles.reasons import REASONS
from webinars.models import EventStatus, Language, ProgrammeStatus

SMALLEST = """\
slug: exemple
kind: webinar
title: Un titre
timezone: Europe/Paris
starts: 2027-03-09T10:00
ends: 2027-03-09T12:30
mode: online
"""
FULL = """\
slug: exemple
kind: webinar
title: {fr: "Un titre", ar: "عنوان", en: "A title"}
summary: {fr: "Un résumé"}
timezone: Europe/Paris
display_timezones: [Europe/Paris, Africa/Casablanca]
starts: 2027-03-09T10:00
ends: 2027-03-10T12:30
mode: hybrid
venue: {name: "Palais", city: "Rabat", country: MA}
status: published
capacity: 300
registration:
  opens: 2027-02-22T09:00
  closes: 2027-03-08T18:00
  approval: false
  priority:
    countries: [FR]
    kinds: [commune, epci]
    until: 2027-03-07T12:00
institutions:
  - {name: "Délégation", acronym: DAECT, country: FR, role: pilot}
  - {name: "Direction", acronym: DGCT, country: MA, role: partner}
contacts:
  - {name: "Nadia Lefort", institution: DAECT, email: "nadia@example.org", phone: 0199001234}
signatories:
  - {name: "Paul Morel", title: "Délégué", institution: "Délégation"}
notice:
  controllers: [DAECT]
  purposes: {fr: "Organiser"}
  retention_months: 6
  rights_contact: "dpo@example.org"
  cndp_number: "D-1"
programme:
  status: draft
  sessions:
    - {code: debut, kind: plenary, title: "A", starts: 2027-03-09T10:00, ends: 2027-03-09T10:20}
    - {code: un, kind: workshop, slot: soir, day: 2027-03-09, half_day: afternoon, title: "B"}
    - {code: deux, kind: workshop, slot: soir, day: 2027-03-09, half_day: afternoon, title: "C"}
documents:
  - {title: "Pré-programme", file: pre-programme.pdf, version: 1.10}
connection: {provider: url, url: "https://salle.example.org/x", dial_in: "+33 1 99 00 12 34, 123"}
mailings:
  - {template: connection-link, at: day 08:00}
  - {template: reminder, at: 2027-03-08T10:00}
questions:
  - {key: temoignage, kind: boolean, label: {fr: "Témoigner ?"}}
  - {key: repas, kind: choice, label: "Repas ?", options: [Oui, Non], required: true}
"""
PDF = b"%PDF-1.4 pre-programme"


def find_document(name):
    return {"pre-programme.pdf": PDF}.get(name)


def read(text) -> EventFile:
    return parse(text.encode(), name="exemple.yaml", find_file=find_document)


def refuse(text):
    """Return what is wrong with a file, as code and key by line."""
    with pytest.raises(FileRefused) as caught:
        read(text)
    assert all(problem.file == "exemple.yaml" for problem in caught.value.problems)
    return [(one.line, one.key, one.code) for one in caught.value.problems]


def change(old, new, text=FULL):
    """Return a file with one place changed, and the line of that place."""
    assert text.count(old) == 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


class TestWhatIsRight:
    def test_the_smallest_file_is_a_draft_with_everything_else_left_out(self):
        file = read(SMALLEST)

        assert file.status is EventStatus.DRAFT
        assert file.display_timezones == ("Europe/Paris",)
        assert file.capacity is None
        assert file.mailings is None
        assert file.connection is None

    def test_the_full_file_is_read_to_the_last_key(self):
        file = read(FULL)

        assert file.title.ar == "عنوان"
        assert file.starts == datetime(2027, 3, 9, 10, 0)  # noqa: DTZ001
        assert file.registration.priority.kinds == ("commune", "epci")
        assert file.contacts[0].phone == "0199001234"
        assert file.documents[0].version == "1.10"
        assert file.documents[0].bytes == len(PDF)
        assert file.attachments == {file.documents[0].sha256: PDF}
        assert [one.code for one in file.programme.sessions] == ["debut", "un", "deux"]
        assert file.questions[1].required is True

    def test_what_a_file_says_is_the_same_after_it_went_through_json(self):
        said = content(read(FULL))

        assert content(eventfiles.from_content(said)) == said
        assert list(said) == list(eventfiles.KEYS)

    @pytest.mark.parametrize(
        "spelled",
        [
            SMALLEST.replace("Un titre", '{fr: "Un titre"}'),
            SMALLEST.replace("T10:00", " 10:00").replace("T12:30", "T12:30:00"),
            "\ufeff" + SMALLEST,
            SMALLEST.replace("\n", "\r\n"),
            SMALLEST.replace("Un titre", "'Un\u202e  titre '"),
            SMALLEST + "capacity:\nconnection: {provider: url}\n",
            SMALLEST + "display_timezones: [Europe/Paris]\nstatus: draft\n",
        ],
        ids=["words", "hours", "mark", "line ends", "bidi override", "nothing said", "defaults"],
    )
    def test_another_spelling_of_the_same_says_the_same(self, spelled):
        assert content(read(spelled)) == content(read(SMALLEST))

    def test_a_word_that_yaml_1_1_took_for_a_falsehood_is_a_word(self):
        text, _ = change("country: MA, role: partner", "country: NO, role: partner")

        assert read(text).institutions[1].country == "NO"

    def test_pilots_are_the_controllers_where_none_are_named(self):
        text, _ = change("  controllers: [DAECT]\n", "")

        assert read(text).notice.controllers == ("DAECT",)

    def test_without_a_programme_nothing_is_left_to_validate(self):
        assert read(SMALLEST).programme.status is ProgrammeStatus.FINAL
        assert read(SMALLEST + "programme: {}").programme.status is ProgrammeStatus.DRAFT

    def test_an_hour_may_be_unknown_at_either_end(self):
        dates = SMALLEST.replace("T10:00", "").replace("T12:30", "")
        start_only = SMALLEST.replace("T12:30", "")

        assert read(dates).starts == read(dates).ends == date(2027, 3, 9)
        assert read(start_only).ends == date(2027, 3, 9)


MISTAKES = {
    "slug in capitals": ("slug: exemple", "slug: Exemple", "slug", "slug"),
    "slug with spaces": ("slug: exemple", "slug: un exemple", "slug", "slug"),
    "unknown kind": ("kind: webinar", "kind: webinaire", "kind", "word"),
    "unknown key, nearly known": ("summary:", "sumary:", "sumary", "unknown-key-near"),
    "unknown key": ("summary:", "xyz:", "xyz", "unknown-key"),
    "unknown language": ('en: "A title"', 'de: "A title"', "title.de", "unknown-key"),
    "no French": ('fr: "Un titre", ', "", "title.fr", "missing"),
    "unknown zone": ("timezone: Europe/Paris\n", "timezone: Europe/Pari\n", "timezone", "zone"),
    "unknown display zone": (
        "Africa/Casablanca]",
        "Africa/Rabat]",
        "display_timezones[2]",
        "zone",
    ),
    "display zone twice": (
        "Africa/Casablanca]",
        "Europe/Paris]",
        "display_timezones[2]",
        "twice",
    ),
    "no such day": ("starts: 2027-03-09T10:00\n", "starts: 2027-02-29\n", "starts", "no-such-day"),
    "date in words": ("starts: 2027-03-09T10:00\n", "starts: 9 mars\n", "starts", "date-or-hour"),
    "hour with offset": (
        "starts: 2027-03-09T10:00\n",
        "starts: 2027-03-09T10:00+01:00\n",
        "starts",
        "offset",
    ),
    "end before start": ("2027-03-10T12:30", "2027-03-09T09:00", "ends", "end-before-start"),
    "unknown mode": ("mode: hybrid", "mode: hybride", "mode", "word"),
    "venue without name": ('name: "Palais", ', "", "venue.name", "missing"),
    "unknown country": ("country: MA}", "country: MAR}", "venue.country", "country"),
    "capacity 0": ("capacity: 300", "capacity: 0", "capacity", "too-small"),
    "capacity in words": ("capacity: 300", "capacity: cent", "capacity", "number"),
    "a yes that is no boolean": (
        "approval: false",
        "approval: yes",
        "registration.approval",
        "true-false",
    ),
    "deadline without hour": (
        "closes: 2027-03-08T18:00",
        "closes: 2027-03-08",
        "registration.closes",
        "hour",
    ),
    "deadline after the end": (
        "closes: 2027-03-08T18:00",
        "closes: 2027-03-10T12:31",
        "registration.closes",
        "after-end",
    ),
    "changes after the end": (
        "closes: 2027-03-08T18:00",
        "changes_close: 2027-03-10T12:31",
        "registration.changes_close",
        "after-end",
    ),
    "changes until an hour that the night skips": (
        "closes: 2027-03-08T18:00",
        "changes_close: 2026-03-29T02:30",
        "registration.changes_close",
        "no-such-hour",
    ),
    "opens after it closes": (
        "opens: 2027-02-22T09:00",
        "opens: 2027-03-08T18:00",
        "registration.opens",
        "opens-after-closes",
    ),
    "priority after the start": (
        "until: 2027-03-07T12:00",
        "until: 2027-03-09T10:01",
        "registration.priority.until",
        "after-start",
    ),
    "priority without capacity": (
        "capacity: 300\n",
        "\n",
        "registration.priority",
        "priority-capacity",
    ),
    "institution twice": (
        "acronym: DGCT, country: MA",
        "acronym: DAECT, country: FR",
        "institutions[2].acronym",
        "twice",
    ),
    "contact of an institution that is not listed": (
        "institution: DAECT",
        "institution: DGCL",
        "contacts[1].institution",
        "institution",
    ),
    "controller that is not listed": (
        "controllers: [DAECT]",
        "controllers: [DAECT, CUF]",
        "notice.controllers[2]",
        "institution",
    ),
    "address of a contact": ("nadia@example.org", "nadia@", "contacts[1].email", "email"),
    "telephone of a contact": ("0199001234", "appelez-moi", "contacts[1].phone", "phone"),
    "retention for ever": (
        "retention_months: 6",
        "retention_months: 999",
        "notice.retention_months",
        "too-large",
    ),
    "code twice": ("code: un,", "code: debut,", "programme.sessions[2].code", "twice"),
    "code with a space": ("code: un,", "code: un deux,", "programme.sessions[2].code", "code"),
    "session on another day": (
        "day: 2027-03-09, half_day: afternoon, title: \"C\"",
        "day: 2027-03-11, title: \"C\"",
        "programme.sessions[3].day",
        "session-outside",
    ),
    "session before the event": (
        "starts: 2027-03-09T10:00, ends",
        "starts: 2027-03-09T09:59, ends",
        "programme.sessions[1].starts",
        "session-outside",
    ),
    "session that ends before it starts": (
        "ends: 2027-03-09T10:20",
        "ends: 2027-03-09T10:00",
        "programme.sessions[1].ends",
        "end-before-start",
    ),
    "session into the next day": (
        "ends: 2027-03-09T10:20",
        "ends: 2027-03-10T10:20",
        "programme.sessions[1].ends",
        "session-other-day",
    ),
    "session without a day": (
        "starts: 2027-03-09T10:00, ends: 2027-03-09T10:20",
        "half_day: morning",
        "programme.sessions[1]",
        "session-when",
    ),
    "session with day and hours": (
        "starts: 2027-03-09T10:00, ends",
        "day: 2027-03-09, starts: 2027-03-09T10:00, ends",
        "programme.sessions[1]",
        "session-when",
    ),
    "half-day of a session with hours": (
        "title: \"A\"",
        "title: \"A\", half_day: morning",
        "programme.sessions[1].half_day",
        "session-both",
    ),
    "slot over two days": (
        "day: 2027-03-09, half_day: afternoon, title: \"C\"",
        "day: 2027-03-10, title: \"C\"",
        "programme.sessions[3].slot",
        "slot-days",
    ),
    "document that is not there": (
        "pre-programme.pdf",
        "autre.pdf",
        "documents[1].file",
        "document-missing",
    ),
    "document beside the folder": (
        "file: pre-programme.pdf",
        "file: ../pre-programme.pdf",
        "documents[1].file",
        "document-path",
    ),
    "digest in a file": (
        "version: 1.10",
        "version: 1.10, sha256: aa",
        "documents[1]",
        "unknown-key",
    ),
    "unknown provider": (
        "provider: url",
        "provider: zoom",
        "connection.provider",
        "word",
    ),
    "room that is no address": (
        "https://salle.example.org/x",
        "javascript:alert(1)",
        "connection.url",
        "url",
    ),
    "unknown mail": (
        "template: connection-link",
        "template: lien",
        "mailings[1].template",
        "word",
    ),
    "mail that leaves by itself": (
        "template: connection-link",
        "template: confirmation",
        "mailings[1].template",
        "template-by-itself",
    ),
    "rule that says nothing": ("at: day 08:00", "at: le matin", "mailings[1].at", "rule"),
    "mailing twice": (
        "{template: reminder, at: 2027-03-08T10:00}",
        "{template: connection-link, at: day  08:00}",
        "mailings[2].template",
        "twice",
    ),
    "question that depends on a later one": (
        "kind: boolean",
        "kind: boolean, depends_on: {key: repas}",
        "questions[1].depends_on.key",
        "condition-later",
    ),
    "question of no kind": ("kind: boolean", "kind: bool", "questions[1].kind", "word"),
    "question twice": ("key: repas", "key: temoignage", "questions[2].key", "twice"),
    "choice without options": (", options: [Oui, Non]", "", "questions[2]", "options-needed"),
    "options without a choice": (
        "kind: choice",
        "kind: text",
        "questions[2].options",
        "options-only-choice",
    ),
    "wrong day of the week": (
        'fr: "Un résumé"',
        'fr: "Rendez-vous le lundi 9 mars 2027."',
        "summary",
        "weekday",
    ),
    "wrong day of the week, without the year": (
        'fr: "Un résumé"',
        'fr: "Rendez-vous le Mercredi 9 mars."',
        "summary",
        "weekday",
    ),
    "list where a group belongs": (
        'venue: {name: "Palais", city: "Rabat", country: MA}',
        "venue: [Palais]",
        "venue",
        "mapping-expected",
    ),
    "group where a list belongs": (
        "countries: [FR]",
        "countries: {a: FR}",
        "registration.priority.countries",
        "list-expected",
    ),
    "group where a text belongs": ("rights_contact: \"dpo@example.org\"", "rights_contact: {a: b}",
        "notice.rights_contact", "text-expected"),
    "key twice": ("summary:", "capacity:", "capacity", "duplicate-key"),
    "nothing where something must be": ("mode: hybrid", "mode:", "mode", "missing"),
}  # fmt: skip


class TestMistakes:
    @pytest.mark.parametrize(("old", "new", "key", "code"), MISTAKES.values(), ids=MISTAKES)
    def test_a_mistake_is_named_with_its_line_and_key(self, old, new, key, code):
        text, line = change(old, new)
        found = refuse(text)

        assert (key, code) in [(said_key, said_code) for _, said_key, said_code in found]
        if code not in {"priority-capacity", "duplicate-key", "missing"}:
            assert [said for said, *where in found if where == [key, code]] == [line]

    def test_every_mistake_is_named_at_once(self):
        text = FULL
        for old, new, *_ in (MISTAKES[name] for name in CHOSEN):
            text, _ = change(old, new, text)
        found = {(key, code) for _, key, code in refuse(text)}

        assert {tuple(MISTAKES[name][2:]) for name in CHOSEN} <= found

    def test_a_required_key_that_is_missing_is_named(self):
        assert refuse("title: Un titre") == [
            (1, key, "missing") for key in ("ends", "kind", "mode", "slug", "starts", "timezone")
        ]

    def test_a_mistake_in_an_institution_does_not_make_its_contacts_wrong(self):
        text, line = change("role: pilot", "role: pilote")

        assert refuse(text) == [(line, "institutions[1].role", "word")]

    def test_an_hour_that_the_clocks_leap_over_is_refused(self):
        text = SMALLEST.replace("2027-03-09T10:00", "2027-03-28T02:30").replace("-09T12", "-28T12")

        assert refuse(text) == [(5, "starts", "no-such-hour")]

    def test_the_right_day_of_the_week_passes(self):
        assert read(SMALLEST.replace("Un titre", "Rendez-vous le mardi 9 mars 2027"))

    def test_the_reason_is_helpful_in_english_and_in_french(self):
        text, line = change("summary:", "sumary:")
        with pytest.raises(FileRefused) as caught:
            read(text)
        problem = caught.value.problems[0]

        assert str(problem) == (
            f"exemple.yaml:{line}: sumary: unknown key; did you mean `summary`?"
        )
        assert eventfiles.explain(problem, Language.FRENCH) == (
            "clé inconnue ; vouliez-vous dire « summary » ?"
        )

    def test_every_reason_names_the_same_values_in_both_languages(self):
        for english, french in REASONS.values():
            assert sorted(find_names(english)) == sorted(find_names(french))


CHOSEN = (
    "slug in capitals",
    "unknown key, nearly known",
    "unknown zone",
    "capacity in words",
    "deadline without hour",
    "contact of an institution that is not listed",
    "code twice",
    "session that ends before it starts",
    "document that is not there",
    "rule that says nothing",
    "question of no kind",
)


def find_names(template):
    """Return the names of the values in a template."""
    return [part.split("}")[0] for part in template.split("{")[1:]]


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"slug: x\ntitle: \xe9t\xe9\n", "not-utf8"),
            (b"slug: x\x00y\n", "yaml"),
            (b"slug: x\n  - y: [\n", "yaml"),
            (b"", "empty"),
            (b"# rien\n", "empty"),
            (b"- un\n- deux\n", "mapping-expected"),
            (b"a: 1\n---\nb: 1\n", "several-documents"),
            (b"slug: !!python/object/apply:os.system [ls]\n", "tag"),
            (b"a: &a [x, x]\nb: [*a, *a]\n", "alias"),
            (b"a: " + b"[" * 100_000, "too-deep"),
            (b"a: " + b"x" * 300_000, "too-big"),
            (b"\n".join(b"k%d: x" % number for number in range(5_000)), "unknown-key"),
        ],
        ids=[
            "not UTF-8",
            "null character",
            "no YAML",
            "empty",
            "comments only",
            "a list",
            "two documents",
            "a tag that runs code",
            "aliases that unfold",
            "deep nesting",
            "too large",
            "thousands of keys",
        ],
    )
    def test_it_is_refused_with_a_reason_and_soon(self, data, code):
        with pytest.raises(FileRefused) as caught:
            parse(data, name="exemple.yaml")

        assert code in {problem.code for problem in caught.value.problems}
        assert len(caught.value.problems) <= 200

    def test_controls_and_overrides_are_taken_out_of_texts_and_arabic_is_not(self):
        text = SMALLEST.replace("Un titre", '"Un \\u202Etitre\\u0007 عربي"')

        assert read(text).title.fr == "Un titre عربي"

    def test_a_link_out_of_the_folder_is_no_document(self, tmp_path):
        (tmp_path / "secret").write_text("secret")
        folder = tmp_path / "events"
        folder.mkdir()
        (folder / "pre-programme.pdf").symlink_to(tmp_path / "secret")
        (folder / "exemple.yaml").write_text(FULL)

        with pytest.raises(FileRefused) as caught:
            eventfiles.read(folder / "exemple.yaml")
        assert [one.code for one in caught.value.problems] == ["document-missing"]

    @pytest.mark.parametrize("name", ["nothing.yaml", "."])
    def test_a_file_that_cannot_be_read_is_refused(self, tmp_path, name):
        with pytest.raises(FileRefused) as caught:
            eventfiles.read(tmp_path / name)
        assert [one.code for one in caught.value.problems] == ["file-missing"]


class TestShift:
    def test_every_date_moves_by_the_same_number_of_days(self):
        moved = shift(read(FULL), date(2027, 4, 6))

        assert moved.starts == datetime(2027, 4, 6, 10, 0)  # noqa: DTZ001
        assert moved.ends == datetime(2027, 4, 7, 12, 30)  # noqa: DTZ001
        assert moved.registration.opens == datetime(2027, 3, 22, 9, 0)  # noqa: DTZ001
        assert moved.registration.priority.until == datetime(2027, 4, 4, 12, 0)  # noqa: DTZ001
        assert moved.programme.sessions[0].starts == moved.starts
        assert moved.programme.sessions[1].day == date(2027, 4, 6)
        assert [str(one.at) for one in moved.mailings] == ["day 08:00", "2027-04-05T10:00"]

    def test_nothing_but_dates_moves_and_it_comes_back_as_it_was(self):
        file = read(FULL)
        there_and_back = shift(shift(file, date(2028, 2, 29)), date(2027, 3, 9))

        assert content(there_and_back) == content(file)
        assert there_and_back.attachments == file.attachments

    def test_it_is_refused_onto_an_hour_that_does_not_exist(self):
        early = read(SMALLEST.replace("T10:00", "T02:30"))

        with pytest.raises(FileRefused):
            shift(early, date(2027, 3, 28))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day 08:00", "day 08:00"),
        ("day-1  10:00", "day-1 10:00"),
        ("day+2 09:30", "day+2 09:30"),
        ("start-15m", "start-15m"),
        ("start-60m", "start-1h"),
        ("end+1h", "end+1h"),
        ("end+24h", "end+1d"),
        ("end", "end"),
        ("2027-03-09 08:00", "2027-03-09T08:00"),
    ],
)
def test_a_rule_is_read_and_written_in_one_way(text, said):
    assert str(parse_rule(text)) == said
    assert parse_rule(said) == parse_rule(text)
