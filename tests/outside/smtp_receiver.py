#!/usr/bin/python3
"""A real SMTP server (aiosmtpd) that keeps each mail as a file, for tests that send mail.

    smtp_receiver.py FOLDER [--refuse N] [--host ADDRESS] [--login NAME:PASSWORD]

Prints `listening on 127.0.0.1:PORT` once it listens, and runs until it is ended by a signal.
Each mail becomes `FOLDER/new/NNNN.eml` as received and `NNNN.json` with its envelope
(`from`, `to`, `helo`); a file in `new` is always whole. With `--refuse N` the first N mails are
put off with 451, as a busy server does. With `--login` it takes mails from nobody else.

Not here: delivery, accounts, TLS.
"""

import argparse
import itertools
import json
import os
import pathlib
import signal
import socket
import sys

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult
except ImportError:
    sys.exit("aiosmtpd is missing: install python3-aiosmtpd")


class Keeper:
    """Writes what arrives."""

    def __init__(self, folder, refuse=0):
        self.folder = pathlib.Path(folder)
        self.refuse = refuse
        self.numbers = itertools.count(1)
        for name in ("tmp", "new"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, _server, session, envelope):
        """Called by aiosmtpd for each mail."""
        if self.refuse > 0:
            self.refuse -= 1
            return "451 4.3.0 put off, come again"
        number = f"{next(self.numbers):04}"
        described = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "helo": session.host_name,
        }
        self._keep(f"{number}.json", json.dumps(described).encode())
        self._keep(f"{number}.eml", envelope.original_content)
        return "250 2.0.0 kept"

    def _keep(self, name, content):
        (self.folder / "tmp" / name).write_bytes(content)
        os.replace(self.folder / "tmp" / name, self.folder / "new" / name)


class Receiver:
    """The server inside a test's own process: `with Receiver(folder) as receiver: … receiver.port`."""

    def __init__(self, folder, refuse=0, host="127.0.0.1", login=None):
        def is_right(_server, _session, _envelope, _mechanism, shown):
            pair = b":".join((shown.login, shown.password))
            return AuthResult(success=pair == login.encode())

        admits = {
            "authenticator": is_right,
            "auth_required": True,
            "auth_require_tls": False,
        }
        # aiosmtpd connects to itself at start, so it needs the port beforehand.
        self.controller = Controller(
            Keeper(folder, refuse),
            hostname=host,
            port=free_port(host),
            **(admits if login else {}),
        )

    @property
    def port(self):
        """The port it listens on."""
        return self.controller.port

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()


def free_port(host):
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def main():
    """Runs until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--refuse", type=int, default=0, metavar="N")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--login", metavar="NAME:PASSWORD")
    arguments = parser.parse_args()
    with Receiver(
        arguments.folder, arguments.refuse, arguments.host, arguments.login
    ) as receiver:
        print(f"listening on {arguments.host}:{receiver.port}", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
