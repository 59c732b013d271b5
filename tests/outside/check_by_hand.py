#!/usr/bin/python3
"""The road of a device without a network: it saves its trust request and its usage to files,
somebody carries them, the manager takes them in with a server or without one, and its answers are
carried back. The numbers are those of a device with a network that does the same.
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


def unplugged():
    """The words before a command that has no network, not even its own host's."""
    words = ["unshare", "--map-root-user", "--net"]
    try:
        subprocess.run([*words, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("unshare does not work here: that no network is used is not enforced", flush=True)
        return []
    return words


UNPLUGGED = unplugged()


class ByHand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scrip-by-hand-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def try_it(self, program, *words):
        command = [program, *words]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )

    def run_it(self, program, *words):
        done = self.try_it(program, *words)
        self.assertEqual(done.returncode, 0, f"{program} {words}\n{done.stdout}{done.stderr}")
        return done.stdout

    def refused(self, code, program, *words):
        done = self.try_it(program, *words)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 1, f"{program} {words}\n{said}")
        self.assertIn(f"({code})", said)
        return said

    def scrip(self, *words):
        return self.run_it(SCRIP, *words)

    def rows(self, *words):
        return json.loads(self.scrip(*words, "--json"))

    def agent(self, *words, device="one"):
        cable = [] if device == "two" else UNPLUGGED
        return self.run_it(*cable, AGENT, "--config", f"{device}.toml", *words)

    def serve(self):
        command = [SCRIP, "serve", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        return server, server.stdout.readline().split()[-1]

    def device(self, name, address=None):
        """Configures a device; without an address it has no network, ever."""
        settings = self.run_it(AGENT, "config", "example")
        server = f'server = "{address}"' if address else ""
        settings = re.sub(r"(?m)^server = .*", server, settings)
        settings = re.sub(r"(?m)^folder = .*", f'folder = "{name}"', settings)
        settings = settings.replace("SN00000001", f"SN-{name}")
        (self.folder / f"{name}.toml").write_text(settings)

    def trust_by_hand(self, token, device="one"):
        self.assertIn("save trust", self.agent("trust", "idtoken", token, device=device))
        self.agent("save", "trust", "trust.xml", device=device)
        self.scrip("import", "trust", "trust.xml", "--ack", "answer.xml")
        told = self.agent("import", "answer.xml", device=device)
        self.assertIn("Trust Code Installed", told)

    def carry(self, device="one"):
        """Carries usage there and its answer back; returns what became of each report."""
        self.agent("save", "usage", "unreported", "usage.xml", device=device)
        told = self.rows("import", "usage", "usage.xml", "--ack", "ack.xml")
        self.agent("import", "ack.xml", device=device)
        reports = told["files"][0]["result"]["reports"]
        return [(report["outcome"], report["verified"]) for report in reports]

    def book(self, virtual_account):
        """What the book says of a virtual account, but for ids, names and times."""
        where = ("--virtual-account", virtual_account)
        known = ("purchased", "in_use", "unverified", "stale", "reserved", "balance", "license")
        pools = [
            {key: pool.get(key) for key in known}
            for pool in self.rows("pool", "list")
            if pool["virtual_account_name"] == virtual_account
        ]
        alarms = [
            (alarm["needed"], alarm["missing"], alarm["state"])
            for alarm in self.rows("alarm", "list")
            if alarm["virtual_account_name"] == virtual_account
        ]
        return pools, alarms, len(self.rows("instance", "list", *where))

    def shown(self, device):
        facts = json.loads(self.agent("--json", "show", "license", "all", device=device))
        reports = [facts["reports"][key] for key in ("closed", "acknowledged", "waiting")]
        return reports, facts["licenses"], facts["policy"]["name"]

    def test_a_device_that_is_never_plugged_in_tells_the_same_numbers(self):
        _, address = self.serve()
        self.scrip("account", "create", "Northwind", "--domain", "northwind.example")
        for place in ("Hand", "Wire"):
            self.scrip("virtual-account", "create", place)
        tag = re.search(r'tag = "(regid[^"]*)"', self.run_it(AGENT, "config", "example")).group(1)
        self.scrip("license", "define", tag, "--name", "Network Advantage")
        tokens = {}
        for place in ("Hand", "Wire"):
            self.scrip("entitlement", "grant", tag, "5", "--virtual-account", place)
            tokens[place] = self.scrip("token", "create", "--virtual-account", place).strip()

        self.device("one")
        self.device("two", address)
        for device in ("one", "two"):
            self.agent("usage", "set", "network-advantage", "4", device=device)
        self.trust_by_hand(tokens["Hand"])
        self.assertEqual(self.carry(), [("recorded", True)])
        self.agent("trust", "idtoken", tokens["Wire"], device="two")
        for level in ("9", "7"):
            for device in ("one", "two"):
                self.agent("usage", "set", "network-advantage", level, device=device)
            self.assertEqual(self.carry(), [("recorded", True)])
            self.agent("sync", device="two")
            by_hand, by_wire = self.book("Hand"), self.book("Wire")
            self.assertEqual(by_hand, by_wire)
            self.assertEqual(by_hand[0][0]["in_use"], int(level))
            self.assertEqual(by_hand[1], [(int(level), int(level) - 5, "open")])
            self.assertEqual(self.shown("one"), self.shown("two"))
        self.assertEqual(self.shown("one")[0], [3, 3, 0])
        self.assertIn("all in order", self.scrip("fsck"))

    def test_nothing_needs_a_server_that_runs(self):
        self.scrip("account", "create", "Northwind", "--domain", "northwind.example")
        token = self.scrip("token", "create", "--max-uses", "1").strip()
        self.device("one")
        self.agent("usage", "set", "network-advantage", "4")
        self.agent("save", "usage", "all", "before.xml")
        self.refused("report.unknown_key", SCRIP, "import", "usage", "before.xml")
        self.trust_by_hand(token)
        self.agent("usage", "set", "network-advantage", "6")
        self.assertEqual(self.carry(), [("recorded", True), ("recorded", True)])
        self.assertEqual(self.rows("pool", "list")[0]["in_use"], 6)

        again = self.rows("import", "usage", "usage.xml")
        outcomes = [one["outcome"] for one in again["files"][0]["result"]["reports"]]
        self.assertEqual(outcomes, ["already", "already"])
        self.scrip("import", "trust", "trust.xml", "--ack", "again.xml")
        self.agent("import", "again.xml")
        self.assertEqual(self.rows("token", "list")[0]["uses"], 1)
        self.assertEqual(len(self.rows("instance", "list")), 1)
        self.assertIn("all in order", self.scrip("fsck"))

    def test_a_file_in_the_wrong_place_is_told_where_it_belongs(self):
        self.scrip("account", "create", "Northwind", "--domain", "northwind.example")
        token = self.scrip("token", "create").strip()
        self.device("one")
        self.agent("usage", "set", "network-advantage", "4")
        self.trust_by_hand(token)
        self.carry()
        for answer in ("ack.xml", "answer.xml"):
            said = self.refused("file.kind", SCRIP, "import", "usage", answer)
            self.assertIn("scrip-agent import", said)
            self.refused("file.kind", SCRIP, "import", "trust", answer, "--ack", "no.xml")
        said = self.refused("file.kind", SCRIP, "import", "usage", "trust.xml")
        self.assertIn("scrip import trust", said)
        said = self.refused("file.kind", SCRIP, "import", "trust", "usage.xml", "--ack", "no.xml")
        self.assertIn("scrip import usage", said)
        for file in ("usage.xml", "trust.xml"):
            self.refused("file.kind", AGENT, "--config", "one.toml", "import", file)
        cut = (self.folder / "trust.xml").read_text()[:200]
        (self.folder / "cut.xml").write_text(cut)
        self.refused("file.xml", SCRIP, "import", "trust", "cut.xml", "--ack", "no.xml")
        elsewhere = ("--data", "elsewhere")
        self.scrip("account", "create", "Other", "--domain", "other.example", *elsewhere)
        words = ("import", "trust", "trust.xml", "--ack", "no.xml", *elsewhere)
        self.refused("trust.realm", SCRIP, *words)
        self.assertFalse((self.folder / "no.xml").exists())


if __name__ == "__main__":
    plainly.run(ByHand)
