"""Handing messages to a relay one after the other, and telling what became of each.

While one body is on its way the next message is announced behind it; its body follows only when the
relay has agreed to take it. A connection that breaks takes at most one message with it: before the
dot it was not sent, after it nobody can tell. The others go on over a new connection.
"""

import threading
from collections.abc import Iterable, Iterator

from webinars.mail.messages import Message, RelayDown, Watcher
from webinars.mail.parcels import Parcel, pack
from webinars.mail.relays import Relay, Timeouts
from webinars.mail.replies import LOST_BEFORE, NO_REPLY, Fate, Phase, Reply, Result, judge
from webinars.mail.smtp import Connection, Lost, dial
from webinars.models import Failure

LOSSES = 2
"""A message that so many connections in a row did not outlive is put off: it may be the cause."""
LOST_IN_A_ROW = 3
"""When so many messages in a row had no answer, it is the relay: others need not be tried."""


class Line:
    """One thread's way to one relay: the connection that it keeps open, or a new one."""

    def __init__(self, relay: Relay, sender: str, timeouts: Timeouts) -> None:
        self.sender = sender
        self.guard = threading.Lock()
        """Held while messages are handed over."""
        self._relay = relay
        self._timeouts = timeouts
        self._connection: Connection | None = None

    def get(self) -> Connection:
        """Return the connection, or open one if there is none that takes a message.

        :raises RelayDown: the relay does not let us in.
        """
        if self._connection is not None and not self._connection.has_room():
            self.leave()
        if self._connection is None:
            self._connection = dial(self._relay, self.sender, self._timeouts)
        return self._connection

    def wake(self) -> None:
        """Take leave of a connection that has waited for too long."""
        if self._connection is not None and self._connection.is_stale():
            self._connection.hang_up()
            self._connection = None

    def keep(self) -> None:
        """Keep the connection open for later."""
        if self._connection is not None:
            self._connection.keep()

    def leave(self) -> None:
        """Close the connection, with a word if it is not over."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.is_over:
            connection.close()
        else:
            connection.leave()

    def drop(self) -> None:
        """Close the connection without a word, whatever it is in the middle of."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Take leave; a message that another thread is sending is cut off."""
        if self.guard.acquire(blocking=False):
            self.leave()
            self.guard.release()
        elif (connection := self._connection) is not None:
            connection.cut()


class Handover:
    """Messages on their way through one line."""

    def __init__(self, line: Line, messages: Iterable[Message], watcher: Watcher) -> None:
        self._line = line
        self._messages: Iterator[Message] = iter(messages)
        self._watcher = watcher
        self._losses = 0
        """Connections in a row that the next message to be announced has not outlived."""
        self._lost_in_a_row = 0
        self._ahead: Parcel | None = None
        """Pulled while the relay took its time over another."""
        self._trouble: Exception | None = None
        """What went wrong meanwhile."""

    def run(self) -> None:
        """Send every message, and settle each.

        :raises RelayDown: the relay takes nothing from anyone now.
        """
        self._line.wake()
        try:
            parcel = self._pull()
            while parcel is not None:
                parcel = self._carry(parcel)
        except BaseException:
            # Whoever stops us, the relay's or our own side: it may be in the middle of a message.
            self._line.drop()
            raise
        self._line.keep()

    def _pull(self) -> Parcel | None:
        """Return the next message that is to leave; `None`: there is none left."""
        if self._trouble is not None:
            raise self._trouble
        ahead, self._ahead = self._ahead, None
        if ahead is not None and self._watcher.is_wanted(ahead.message):
            return ahead
        return self._draw()

    def _look_ahead(self) -> None:
        """Have one more message ready by the time that the relay has answered."""
        try:
            self._ahead = self._draw()
        except Exception as error:  # raised once it is known what became of the one that has left
            self._trouble = error

    def _draw(self) -> Parcel | None:
        """Ask for the next message that has addresses."""
        for message in self._messages:
            parcel = pack(message, self._line.sender)
            if isinstance(parcel, Parcel):
                return parcel
            self._watcher.settle(message, parcel)
        return None

    def _carry(self, parcel: Parcel) -> Parcel | None:
        """Bring a message one step further, and return the one whose turn is next."""
        connection = self._line.get()
        if not connection.can_name(parcel):
            words = "the relay takes no address with such letters"
            self._settle(parcel, Result(Fate.REFUSED, words, Failure.OTHER))
            return self._pull()
        try:
            refusal = connection.ask(parcel)
        except Lost as loss:
            return self._lose(connection, parcel, loss)
        self._losses = 0
        if refusal is None:
            return self._deliver(connection, parcel)
        if self._is_no_sender(connection, *refusal):
            self._line.drop()
            return parcel
        phase, reply = refusal
        self._settle(parcel, judge(reply.code, reply.text, phase))
        return self._pull()

    def _is_no_sender(self, connection: Connection, phase: Phase, reply: Reply) -> bool:
        """Tell whether the relay wants no more senders on this connection.

        :raises RelayDown: nor on a fresh one. Whoever refuses the sender refuses everyone: a
            setting is wrong, not this message.
        """
        if phase is not Phase.MAIL:
            return False
        is_delay = reply.code // 100 == 4 and reply.code != 421
        result = judge(reply.code, reply.text, phase)
        if is_delay or result.failure is Failure.CONTENT:
            return False
        if connection.taken:
            return True
        raise RelayDown(result.reply)

    def _lose(self, connection: Connection, parcel: Parcel, loss: Lost) -> Parcel | None:
        """Return what goes on over a new connection after one broke before the body."""
        self._line.drop()
        # One that had waited may have been closed long ago: no fault of this message.
        if not connection.is_waiting:
            self._losses += 1
        if self._losses < LOSSES:
            return parcel
        self._losses = 0
        self._settle_lost(parcel, Fate.DEFERRED, loss)
        return self._pull()

    def _deliver(self, connection: Connection, parcel: Parcel) -> Parcel | None:
        """Send a body that the relay has agreed to take, and announce the next message behind it.

        Returns that one; it is pulled first, because they leave in one write.
        """
        if not self._watcher.is_wanted(parcel.message):
            self._line.drop()  # for the relay waits for a body
            return self._pull()
        following = self._pull() if connection.is_pipelining and connection.has_room() else None
        behind = b""
        if following is not None and connection.can_name(following):
            behind = connection.announce(following)
        self._watcher.before_body(parcel.message)
        try:
            connection.write(parcel.body + behind)
        except Lost as loss:
            if loss.sent < len(parcel.body):
                self._break_off(connection, parcel, loss)
                return following or self._pull()
            connection.is_over = True  # what is behind the dot goes elsewhere
        self._watcher.after_dot(parcel.message)
        if self._ahead is None:
            self._look_ahead()
        self._await(connection, parcel)
        return following or self._pull()

    def _break_off(self, connection: Connection, parcel: Parcel, loss: Lost) -> None:
        """Settle a message whose connection broke before its dot had left."""
        try:
            # Who hangs up in the middle of a body may have said why.
            reply = connection.read_last_word()
        except Lost:
            self._line.drop()
            self._settle_lost(parcel, Fate.DEFERRED, loss)
            return
        self._line.drop()
        self._settle(parcel, judge(reply.code, reply.text, Phase.DATA))

    def _await(self, connection: Connection, parcel: Parcel) -> None:
        """Settle a message whose dot has left, by the relay's answer."""
        try:
            reply = connection.read_after_dot()
        except Lost as loss:
            self._line.drop()
            self._settle_lost(parcel, Fate.UNANSWERED, loss)
            return
        result = judge(reply.code, reply.text, Phase.DOT)
        if result.fate is Fate.UNANSWERED:  # and what it says next answers who knows what
            self._line.drop()
        self._settle(parcel, result)

    def _settle(self, parcel: Parcel, result: Result) -> None:
        self._lost_in_a_row = 0
        self._watcher.settle(parcel.message, result)

    def _settle_lost(self, parcel: Parcel, fate: Fate, loss: Lost) -> None:
        """Settle a message without an answer.

        :raises RelayDown: it was not the first.
        """
        if fate is Fate.UNANSWERED:
            result = Result(fate, f"{NO_REPLY}: {loss.reason}")
        else:
            words = f"{LOST_BEFORE}: {loss.reason}"
            result = Result(fate, words, Failure.OTHER)
        self._watcher.settle(parcel.message, result)
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= LOST_IN_A_ROW:
            raise RelayDown(result.reply)
