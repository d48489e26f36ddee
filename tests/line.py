"""A line to a server on loopback that a test can cut, mend, or make fall silent."""

import contextlib
import socket
import threading


class Line:
    """Passes on what it hears, both ways, between a port of its own and a server."""

    def __init__(self, host, port):
        self._server = (host, port)
        self._sockets = set()
        self._guard = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self._threads = []
        self._listener = None
        self.port = 0
        self.mend()

    def mend(self):
        """Let connections through again."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._listener.listen(64)
        self._start(self._accept, self._listener)

    def cut(self):
        """End every connection, and refuse new ones."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def fall_silent(self):
        """Keep every connection and pass nothing on."""
        self._flows.clear()

    def speak_again(self):
        """Pass on again."""
        self._flows.set()

    def close(self):
        """Cut the line for good."""
        self.cut()
        self._flows.set()
        for thread in self._threads:
            thread.join(20)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._server, 5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._start(self._connect, near, far)

    def _connect(self, near, far):
        with self._guard:
            self._sockets |= {near, far}
        back = threading.Thread(target=self._pass_on, args=(far, near), daemon=True)
        back.start()
        self._pass_on(near, far)
        back.join()
        with self._guard:
            self._sockets -= {near, far}
        near.close()
        far.close()

    def _pass_on(self, source, target):
        with contextlib.suppress(OSError):
            while heard := source.recv(65536):
                self._flows.wait()
                target.sendall(heard)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
