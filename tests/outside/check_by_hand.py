#!/usr/bin/python3
"""The road of a device without a network: it saves its usage to a file, somebody carries it, the
manager takes it in with a server or without one, and its answer is carried back.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]
import plainly  # noqa: E402

SCRIP = pathlib.Path(sys.argv[1]).resolve()
AGENT = SCRIP.with_name("scrip-agent")


class ByHand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scrip-by-hand-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_it(self, program, *words):
        command = [program, *words]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def scrip(self, *words):
        return self.run_it(SCRIP, *words)

    def agent(self, *words):
        return self.run_it(AGENT, *words)

    def serve(self):
        command = [SCRIP, "serve", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        return server, server.stdout.readline().split()[-1]

    def trusted_device(self, address):
        self.scrip("account", "create", "Northwind", "--domain", "northwind.example")
        token = self.scrip("token", "create").strip()
        example = self.agent("config", "example")
        settings = re.sub(r"(?m)^server = .*", f'server = "{address}"', example)
        (self.folder / "agent.toml").write_text(settings)
        self.agent("trust", "idtoken", token)

    def carry(self):
        """Carries a file there and back; returns what became of each report."""
        self.agent("save", "usage", "unreported", "usage.xml")
        told = self.scrip("import", "usage", "usage.xml", "--ack", "ack.xml", "--json")
        self.agent("import", "ack.xml")
        reports = json.loads(told)["files"][0]["result"]["reports"]
        return [(report["outcome"], report["verified"]) for report in reports]

    def test_a_file_is_carried_there_and_back(self):
        server, address = self.serve()
        self.trusted_device(address)
        self.agent("usage", "set", "network-advantage", "4")
        self.assertEqual(self.carry(), [("recorded", True)])

        server.terminate()
        self.assertEqual(server.wait(timeout=40), 0)
        self.agent("usage", "set", "network-advantage", "6")
        self.assertEqual(self.carry(), [("recorded", True)])
        self.assertEqual(json.loads(self.scrip("pool", "list", "--json"))[0]["in_use"], 6)

        again = json.loads(self.scrip("import", "usage", "usage.xml", "--json"))
        outcomes = [one["outcome"] for one in again["files"][0]["result"]["reports"]]
        self.assertEqual(outcomes, ["already"])
        self.assertIn("all in order", self.scrip("fsck"))


if __name__ == "__main__":
    plainly.run(ByHand)
