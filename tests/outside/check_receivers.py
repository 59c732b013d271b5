#!/usr/bin/python3
"""The mail server and the syslog server that other steps send to: both keep what they are sent.

needs: rsyslogd aiosmtpd
"""

import email
import email.policy
import json
import pathlib
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import plainly  # noqa: E402
from smtp_receiver import Receiver  # noqa: E402

MAIL = b"From: scrip@example.org\r\nTo: ada@example.org\r\nSubject: short 3\r\n\r\nneeded 13\r\n"
LINE = b'<134>1 2026-01-02T03:04:05.678Z book scrip 7 alarm [x@1 pool="a b"] short 3'


class TheMailServer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scrip-mail-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def send(self, port):
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
            server.sendmail("scrip@example.org", ["ada@example.org"], MAIL)

    def test_a_mail_is_kept_with_its_envelope(self):
        with Receiver(self.folder) as receiver:
            self.send(receiver.port)
        kept = (self.folder / "new" / "0001.eml").read_bytes()
        self.assertEqual(email.message_from_bytes(kept, policy=email.policy.default)["subject"], "short 3")
        envelope = json.loads((self.folder / "new" / "0001.json").read_text())
        self.assertEqual(envelope["to"], ["ada@example.org"])

    def test_a_busy_server_puts_off_and_takes_it_later(self):
        with Receiver(self.folder, refuse=1) as receiver:
            with self.assertRaises(smtplib.SMTPDataError) as refused:
                self.send(receiver.port)
            self.assertEqual(refused.exception.smtp_code, 451)
            self.send(receiver.port)
        self.assertEqual(len(list((self.folder / "new").glob("*.eml"))), 1)

    def test_the_command_says_where_it_listens(self):
        command = [HERE / "smtp_receiver.py", self.folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with process:
            self.send(int(process.stdout.readline().rsplit(":", 1)[1]))
            process.terminate()
        self.assertEqual((process.returncode, len(list((self.folder / "new").glob("*.eml")))), (0, 1))


class TheSyslogServer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scrip-syslog-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        start = [HERE / "rsyslog.sh", "start", self.folder]
        started = subprocess.run(start, check=True, stdout=subprocess.PIPE, text=True)
        self.addCleanup(subprocess.run, [HERE / "rsyslog.sh", "stop", self.folder], check=True)
        self.address = ("127.0.0.1", int(started.stdout))

    def heard(self, count):
        """The first messages, as rsyslog read them."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            lines = (self.folder / "parsed.jsonl").read_text().splitlines()
            if len(lines) >= count:
                return [json.loads(line) for line in lines]
            time.sleep(0.05)
        self.fail(f"fewer than {count} messages were heard")

    def test_a_message_is_read_field_by_field_over_udp(self):
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(LINE, self.address)
        message = self.heard(1)[0]
        expected = {
            "pri": "134",
            "hostname": "book",
            "app": "scrip",
            "procid": "7",
            "msgid": "alarm",
            "structured": '[x@1 pool="a b"]',
            "msg": "short 3",
        }
        self.assertEqual({key: message[key].strip() for key in expected}, expected)

    def test_counted_frames_are_told_apart_over_tcp(self):
        frame = b"%d %s" % (len(LINE), LINE)
        with socket.create_connection(self.address, timeout=10) as sender:
            sender.sendall(frame + frame)
        self.assertEqual([message["msgid"] for message in self.heard(2)], ["alarm", "alarm"])


if __name__ == "__main__":
    plainly.run(TheMailServer, TheSyslogServer)
