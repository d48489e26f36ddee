"""A person's calendar, as a mail client keeps it: what arrives is applied as RFC 5546 says."""

from dataclasses import dataclass, field
from enum import StrEnum

from tests.itip.files import Choked, Entry, File, read_file
from tests.itip.mails import read_mail


class Taken(StrEnum):
    """What came of a message."""

    NOTHING = "nothing"
    """It has no entry."""
    ADDED = "added"
    UPDATED = "updated"
    REPEATED = "repeated"
    """The same version once more."""
    REMOVED = "removed"
    OLD = "old"
    """Something newer was there already: it was overtaken on the way."""
    UNKNOWN = "unknown"
    """A cancellation of what was never there: remembered, in case that it was overtaken."""
    FILE = "file"
    """Nothing that a client does by itself: a person may open it."""


@dataclass
class Calendar:
    """The calendar of one mailbox."""

    owner: str
    held: dict[str, Entry] = field(default_factory=dict)
    """What is in it, by UID."""
    tombstones: dict[str, int] = field(default_factory=dict)
    """What was cancelled, by UID, and the SEQUENCE it was cancelled with."""
    files: list[File] = field(default_factory=list)
    """What came as a file; the last is what a person who opens it sees."""
    replies: list[Entry] = field(default_factory=list)

    def receive(self, message: bytes) -> Taken:
        """Take a mail as it arrives.

        :raises Choked: a client would not take it, or show it wrongly.
        """
        mail = read_mail(message)
        if mail.recipient != self.owner.lower():
            raise Choked(f"a mail to {mail.recipient}")
        if mail.file is None:
            return Taken.NOTHING
        if not mail.is_invitation:
            self.files.append(mail.file)
            return Taken.FILE
        return self.apply(mail.file)

    def apply(self, file: File) -> Taken:
        """Apply what a file asks for."""
        if file.method == "PUBLISH":
            self.files.append(file)
            return Taken.FILE
        (entry,) = file.entries
        if file.method == "REPLY":
            self.replies.append(entry)
            return Taken.NOTHING
        if [person.address for person in entry.attendees] != [self.owner.lower()]:
            raise Choked("an invitation of somebody else")
        held = self.held.get(entry.uid)
        if held is not None:
            self._compare(held, entry)
        return self._cancel(entry) if file.method == "CANCEL" else self._request(entry)

    def _compare(self, held: Entry, entry: Entry) -> None:
        """Make sure that it is the same one who invites: anyone else may change nothing."""
        assert held.organizer and entry.organizer
        if held.organizer.address != entry.organizer.address:
            raise Choked("another organiser than the entry's")

    def _request(self, entry: Entry) -> Taken:
        buried = self.tombstones.get(entry.uid)
        if buried is not None and entry.sequence <= buried:
            return Taken.OLD
        held = self.held.get(entry.uid)
        if held is None:
            self.held[entry.uid] = entry
            return Taken.ADDED
        if entry.version < held.version:
            return Taken.OLD
        if entry.version == held.version:
            if entry != held:
                raise Choked("two versions with one SEQUENCE and one DTSTAMP")
            return Taken.REPEATED
        self._require_raised(held, entry)
        self.held[entry.uid] = entry
        return Taken.UPDATED

    def _require_raised(self, held: Entry, entry: Entry) -> None:
        """Make sure that who reads only SEQUENCE notices what matters (RFC 5546, 2.1.4)."""
        matters = ("starts", "ends", "location", "status")
        changed = [name for name in matters if getattr(held, name) != getattr(entry, name)]
        if changed and entry.sequence == held.sequence:
            raise Choked(f"{', '.join(changed)} changed under the same SEQUENCE")

    def _cancel(self, entry: Entry) -> Taken:
        held = self.held.get(entry.uid)
        if held is not None and entry.sequence < held.sequence:
            return Taken.OLD
        if held is not None and entry.sequence == held.sequence:
            # Allowed by 2.1.5, but Outlook overlooks it.
            raise Choked("a cancellation whose SEQUENCE is not raised")
        buried = self.tombstones.get(entry.uid)
        self.tombstones[entry.uid] = max(entry.sequence, buried or 0)
        if held is None:
            return Taken.REPEATED if buried is not None else Taken.UNKNOWN
        del self.held[entry.uid]
        return Taken.REMOVED


@dataclass
class Subscription:
    """An address that a calendar asks again and again: it shows what is there, and nothing else."""

    held: dict[str, Entry] = field(default_factory=dict)

    def fetch(self, content: bytes) -> None:
        """Show what a file says from now on.

        :raises Choked: it is no file to subscribe to, or an entry went backwards.
        """
        file = read_file(content)
        if file.method != "PUBLISH":
            raise Choked(f"a subscription to a {file.method}")
        for entry in file.entries:
            held = self.held.get(entry.uid)
            if held is not None and entry.version < held.version:
                raise Choked("an older version than the one that is shown")
        self.held = {entry.uid: entry for entry in file.entries}

    @property
    def shown(self) -> list[Entry]:
        """What a person sees, in the order of time."""
        shown = [entry for entry in self.held.values() if entry.status != "CANCELLED"]
        return sorted(shown, key=lambda entry: (str(entry.starts), entry.uid))
