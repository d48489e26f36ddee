"""Signatures of the sender's domain, judged by a verifier that shares no code with the signer."""

import base64
import re
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.mails import letters_to
from tests.mails.test_compose import FILE, INVITATION, make_letter
from webinars.errors import SettingRefused
from webinars.mail import compose, signing
from webinars.models import Language

SENDER = "Webinaires <webinaires@Example.org>"
SELECTOR = "2026"
UNSUBSCRIBE_URL = "https://webinaires.example.org/u/ASNFZ4mrze9IobA494GSbuWaM7QvH_qq"
KEYS = {
    "rsa-sha256": rsa.generate_private_key(65537, 2048),
    "ed25519-sha256": ed25519.Ed25519PrivateKey.generate(),
}
LETTERS = {
    "invitation": make_letter(calendar=INVITATION),
    "copy": make_letter(calendar=FILE, reply_to=None),
    "Arabic": make_letter(language=Language.ARABIC, title="التعاون اللامركزي", name="سميرة"),
    "reminder": make_letter(unsubscribe_url=UNSUBSCRIBE_URL),
}


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("algorithm", KEYS)
def test_a_signature_proves_where_a_message_comes_from(tmp_path, algorithm, letter):
    message = compose.compose(letter)

    signed = open_signer(tmp_path, KEYS[algorithm]).sign(message)

    assert signed.endswith(message)
    assert verifies(signed, algorithm)
    header = letters_to.read(signed)["DKIM-Signature"]
    assert f"a={algorithm};" in header
    assert "d=example.org; s=2026;" in header
    assert max(len(line) for line in signed.partition(message)[0].split(b"\r\n")) <= 78


CHANGES = {
    "subject": (b"Subject: ", b"Subject: x"),
    "recipient": (b"To: samira@", b"To: autre@"),
    "reply": (b"Reply-To: ines.carlier@", b"Reply-To: autre@"),
    "date": (b"Date: Wed, 13 May", b"Date: Wed, 14 May"),
    "message id": (b"Message-ID: <1.aa@", b"Message-ID: <2.bb@"),
    "another sender": (b"From: Webinaires", b"From: a@example.net\r\nFrom: Webinaires"),
    "way out": (b"/u/ASNFZ", b"/u/BSNFZ"),
    "one click": (b"One-Click\r\n", b"Two-Clicks\r\n"),
    "form": (b"Content-Type: multipart/alternative", b"Content-Type: multipart/related"),
    "words": (b"K7QM-3XPA", b"K7QM-3XPB"),
    "more words": (b"_alternative--\r\n", b"_alternative--\r\nx\r\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_message_that_was_changed_on_its_way_is_found_out(tmp_path, change):
    message = compose.compose(make_letter(unsubscribe_url=UNSUBSCRIBE_URL))
    signed = open_signer(tmp_path, KEYS["ed25519-sha256"]).sign(message)
    old, new = change
    assert old in signed

    assert not verifies(signed.replace(old, new), "ed25519-sha256")


LIBERTIES = {
    "a header is folded": (b"To: samira", b"To:\r\n samira"),
    "blanks are added": (b"Auto-Submitted: auto", b"Auto-Submitted:   auto"),
    "names change their case": (b"\r\nSubject:", b"\r\nSUBJECT:"),
    "a relay signs its name": (b"From: Webinaires", b"Received: by relay\r\nFrom: Webinaires"),
    "empty lines are added": (b"_alternative--\r\n", b"_alternative--\r\n\r\n\r\n"),
}


@pytest.mark.parametrize("liberty", LIBERTIES.values(), ids=LIBERTIES)
def test_the_liberties_that_relays_take_do_no_harm(tmp_path, liberty):
    signed = open_signer(tmp_path, KEYS["ed25519-sha256"]).sign(compose.compose(make_letter()))
    old, new = liberty
    assert old in signed

    assert verifies(signed.replace(old, new), "ed25519-sha256")


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_same_message_gets_the_same_signature_of_its_own_date(tmp_path, algorithm):
    date = datetime(2020, 5, 13, 9, 30, tzinfo=UTC)
    message = compose.compose(make_letter(date=date))
    signer = open_signer(tmp_path, KEYS[algorithm])

    once, again = signer.sign(message), signer.sign(message)

    assert once == again
    assert f"t={int(date.timestamp())};".encode() in once


def test_every_header_that_can_deceive_is_signed(tmp_path):
    message = compose.compose(make_letter(calendar=INVITATION, unsubscribe_url=UNSUBSCRIBE_URL))
    signed = open_signer(tmp_path, KEYS["ed25519-sha256"]).sign(message)

    header = re.sub(r"\s", "", letters_to.read(signed)["DKIM-Signature"])

    named = re.search("h=([^;]*)", header)[1].split(":")
    assert sorted(named) == sorted([*(name.decode() for name in signing.SIGNED), "From"])


def test_without_a_key_nothing_is_signed():
    assert signing.open_signer("", SELECTOR, SENDER) is None


REFUSED = {
    "missing": (None, SELECTOR, "WEBINARS_DKIM_KEY"),
    "no key at all": (b"no key", SELECTOR, "WEBINARS_DKIM_KEY"),
    "empty": (b"", SELECTOR, "WEBINARS_DKIM_KEY"),
    "of another kind": (ec.generate_private_key(ec.SECP256R1()), SELECTOR, "WEBINARS_DKIM_KEY"),
    "no selector": (KEYS["ed25519-sha256"], "", "WEBINARS_DKIM_SELECTOR"),
}


@pytest.mark.parametrize(("key", "selector", "setting"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_is_of_no_use_stops_the_start(tmp_path, key, selector, setting):
    path = tmp_path / "dkim.pem"
    if key is not None:
        path.write_bytes(key if isinstance(key, bytes) else write_pem(key))

    with pytest.raises(SettingRefused) as refused:
        signing.open_signer(str(path), selector, SENDER)

    assert refused.value.name == setting


def test_a_key_with_a_password_stops_the_start(tmp_path):
    path = tmp_path / "dkim.pem"
    path.write_bytes(
        KEYS["ed25519-sha256"].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a password"),
        )
    )

    with pytest.raises(SettingRefused, match="password"):
        signing.open_signer(str(path), SELECTOR, SENDER)


def test_a_folder_in_place_of_a_key_stops_the_start(tmp_path):
    with pytest.raises(SettingRefused, match="cannot be read"):
        signing.open_signer(str(tmp_path), SELECTOR, SENDER)


def open_signer(folder, key):
    """Open a signer with a key, as the settings name it."""
    path = folder / "dkim.pem"
    path.write_bytes(write_pem(key))
    return signing.open_signer(str(path), SELECTOR, SENDER)


def write_pem(key):
    """Return a private key as a file holds it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def verifies(message, algorithm):
    """Tell whether another library takes the signature, with the public key as DNS has it."""
    public = KEYS[algorithm].public_key()
    if algorithm == "rsa-sha256":
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        kind = "rsa"
    else:
        form = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        kind = "ed25519"
    record = f"v=DKIM1; k={kind}; p={base64.b64encode(public.public_bytes(*form)).decode()}"

    def answer(name, timeout=5):
        assert name == b"2026._domainkey.example.org."
        return record.encode()

    return dkim.verify(message, dnsfunc=answer)
