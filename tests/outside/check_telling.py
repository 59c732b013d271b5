#!/usr/bin/python3
"""The road from a device to the people: a device uses more than there is, and a real mail server
and a real syslog server hear of it. Everything is done with the commands that people type.

needs: rsyslogd aiosmtpd
"""

import email
import email.policy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import plainly  # noqa: E402
from smtp_receiver import Receiver  # noqa: E402

SCRIP = pathlib.Path(sys.argv[1]).resolve()
AGENT = SCRIP.with_name("scrip-agent")
TAG = "regid.2026-01.com.example.NETWORK_ADVANTAGE,1.0_5b4c0f4e-3d70-4a0b-9d5e-7d9f3f0c1a11"


def run(*command, cwd, code=0):
    """Runs a command and returns what it printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)
    if done.returncode != code:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """`scrip serve` with a configuration of its own."""

    def __init__(self, folder, more):
        self.folder = folder
        (folder / "scrip.toml").write_text(
            '[server]\nlisten = "127.0.0.1:0"\npublic_url = "https://licenses.example.org"\n' + more
        )
        self.log = open(folder / "serve.log", "w", encoding="utf-8")
        command = [SCRIP, "serve", "--config", "scrip.toml"]
        # The address that it listens on is not the public one, so the log tells it.
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log)
        self.address = self._address()

    def _address(self):
        for _ in range(200):
            text = (self.folder / "serve.log").read_text()
            found = re.search(r"listening on (127\.0\.0\.1:\d+)", text)
            if found:
                return f"http://{found.group(1)}"
            time.sleep(0.05)
        raise AssertionError("it does not listen:\n" + (self.folder / "serve.log").read_text())

    def stop(self):
        """Ends it in good order."""
        self.process.terminate()
        code = self.process.wait(timeout=40)
        self.log.close()
        return code


class Telling(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scrip-telling-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.mails = self.folder / "mails"
        self.lines = self.folder / "syslog"

    def scrip(self, *words, code=0):
        return run(SCRIP, *words, "--config", "scrip.toml", cwd=self.folder, code=code)

    def agent(self, *words):
        return run(AGENT, *words, cwd=self.folder)

    def rsyslog(self):
        start = [HERE / "rsyslog.sh", "start", self.lines]
        port = subprocess.run(start, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        stop = [HERE / "rsyslog.sh", "stop", self.lines]
        self.addCleanup(subprocess.run, stop, check=True)
        return port

    def begin(self, more):
        server = Server(self.folder, more)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        self.scrip("account", "create", "Northwind", "--domain", "northwind.example")
        self.scrip("virtual-account", "create", "Campus")
        self.scrip("license", "define", TAG, "--name", "Network Advantage")
        self.scrip("entitlement", "grant", "Network Advantage", "10", "--virtual-account", "Campus")
        token = self.scrip("token", "create", "--virtual-account", "Campus").strip()
        example = self.agent("config", "example")
        settings = re.sub(r'(?m)^server = .*', f'server = "{server.address}"', example)
        (self.folder / "agent.toml").write_text(settings)
        self.agent("trust", "idtoken", token)
        return server

    def use(self, count):
        self.agent("usage", "set", "network-advantage", str(count))
        self.assertIn("acknowledged: 1, refused: 0, waiting: 0", self.agent("sync"))

    def until(self, what, look, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        log = (self.folder / "serve.log").read_text()
        return self.fail(f"{what} did not come; the server's log:\n{log}")

    def mail(self, number):
        kept = self.mails / "new" / f"{number:04}.eml"
        self.until(f"mail {number}", kept.exists)
        return email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)

    def line(self, number):
        def look():
            lines = (self.lines / "parsed.jsonl").read_text().splitlines()
            return len(lines) >= number and lines

        return json.loads(self.until(f"line {number}", look)[number - 1])

    def alarms(self, *more):
        return json.loads(self.scrip("alarm", "list", "--json", *more))

    def test_a_shortage_is_told_by_mail_and_by_syslog_over_udp(self):
        self.tell_by("udp")

    def test_a_shortage_is_told_by_mail_and_by_syslog_over_tcp(self):
        self.tell_by("tcp")

    def tell_by(self, transport):
        port = self.rsyslog()
        with Receiver(self.mails) as receiver:
            server = self.begin(
                f'[mail]\nhost = "127.0.0.1"\nport = {receiver.port}\ntls = "none"\n'
                'from = "Scrip <scrip@example.org>"\nto = ["licenses@example.org"]\n'
                f'[syslog]\naddress = "127.0.0.1:{port}"\ntransport = "{transport}"\n'
            )
            self.use(13)
            self.check_mail(self.mail(1))
            self.check_line(self.line(1))
            self.use(9)
            self.assertEqual(self.alarms(), [])
            settled = self.alarms("--all")
            self.assertEqual([alarm["state"] for alarm in settled], ["settled"])
            pools = json.loads(self.scrip("pool", "list", "--json"))
            self.assertEqual((pools[0]["in_use"], pools[0]["balance"]), (9, 1))
            self.assertIn("all in order", self.scrip("fsck"))
            self.assertEqual(server.stop(), 0)
        self.assertEqual(len(list((self.mails / "new").glob("*.eml"))), 1)

    def check_mail(self, mail):
        subject = "[Scrip] Short by 3: Network Advantage in Campus (Northwind)"
        self.assertEqual(mail["subject"], subject)
        self.assertEqual(mail["to"], "licenses@example.org")
        self.assertRegex(mail["message-id"], r"^<msg_[0-9A-Z]{26}@licenses\.example\.org>$")
        text = mail.get_content().replace("\r\n", "\n")
        for said in (
            r"Network Advantage is short by 3 in Campus \(Northwind\)",
            r"Needed +13 ",
            r"In force +10 ",
            r"Missing +3$",
            r"Since +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  \(measured\)",
            r"https://licenses\.example\.org/accounts/acct_[0-9A-Z]{26}/alarms#alarm_[0-9A-Z]{26}",
        ):
            self.assertRegex(text, re.compile(said, re.MULTILINE))

    def check_line(self, line):
        expected = {"pri": "131", "hostname": "scrip-1", "app": "scrip", "msgid": "alarm.opened"}
        self.assertEqual({key: line[key] for key in expected}, expected)
        structured = line["structured"]
        self.assertTrue(structured.startswith("[scrip@32473 "), structured)
        for said in (
            'account="Northwind"',
            'virtual_account="Campus"',
            'code="alarm.insufficient_licenses"',
            'needed="13"',
            'in_force="10"',
            'missing="3"',
        ):
            self.assertIn(said, structured)
        self.assertEqual(line["msg"].strip(), "Short by 3: Network Advantage in Campus (Northwind)")

    def test_a_busy_mail_server_is_asked_again(self):
        with Receiver(self.mails, refuse=1) as receiver:
            self.begin(
                f'[mail]\nhost = "127.0.0.1"\nport = {receiver.port}\ntls = "none"\n'
                'from = "scrip@example.org"\nto = ["licenses@example.org"]\n'
            )
            self.use(13)
            self.until("the second try", lambda: list((self.mails / "new").glob("*.eml")), 40)

    def test_a_receiver_that_is_not_there_holds_up_nobody(self):
        with Receiver(self.mails) as receiver:
            server = self.begin(
                f'[mail]\nhost = "127.0.0.1"\nport = {receiver.port}\ntls = "none"\n'
                'from = "scrip@example.org"\nto = ["licenses@example.org"]\n'
                '[syslog]\naddress = "127.0.0.1:9"\ntransport = "tcp"\n'
            )
            self.use(13)
            self.check_mail_is_there()
            self.use(14)
            self.assertEqual(server.stop(), 0)

    def check_mail_is_there(self):
        self.assertIn("[Scrip] Short by 3", self.mail(1)["subject"])

    def test_the_secret_is_shown_once_and_kept_out_of_the_log(self):
        first = Server(self.folder, '[log]\nlevel = "debug"\n')
        text = (self.folder / "serve.log").read_text()
        secret = re.search(r"Set-up secret: ([0-9a-f]{40})", text).group(1)
        self.assertEqual(text.count(secret), 1)
        self.assertEqual(first.stop(), 0)
        again = Server(self.folder, '[log]\nlevel = "debug"\nformat = "json"\n')
        fresh = self.scrip("setup-secret").strip()
        self.assertRegex(fresh, "^[0-9a-f]{40}$")
        self.assertEqual(again.stop(), 0)
        text = (self.folder / "serve.log").read_text()
        self.assertNotIn("Set-up secret", text)
        self.assertNotIn(fresh, text)
        self.assertNotIn(secret, text)


if __name__ == "__main__":
    os.environ.pop("SCRIP_SERVER_LISTEN", None)
    plainly.run(Telling)
