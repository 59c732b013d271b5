#!/usr/bin/python3
"""Existing clients of the documented profile, unmodified but for the host name: a package from PyPI,
and the commands of docs/api.md in a plain shell.

needs: venv curl
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import judge  # noqa: E402
import plainly  # noqa: E402

SCRIP = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "target/release/scrip").resolve()
MANUAL = HERE.parent.parent / "docs" / "api.md"
PYTHON = judge.python(SCRIP)

# Uses the package as its manual says.
CLIENT = """
import json, os, mcssmapi
api = mcssmapi.Licensing(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
n = os.environ["HOST"] + "/services/api/smart-accounts-and-licensing"
def get(path):
    return api.send_json_request_cssm(n + path, None, method="GET")
print(json.dumps({
    "before": get("/v2/accounts"),
    "token": api.bearer_update(),
    "accounts": get("/v2/accounts"),
    "search": get("/v1/accounts/search?domain=example&limit=10"),
    "places": get("/v1/accounts/example.com/customer/virtual-accounts"),
    "foreign": get("/v1/accounts/other.example/customer/virtual-accounts"),
    "usage": api.smart_license_usage("example.com", 50, 0),
    "branch": api.smart_license_usage("example.com", -1, 0, "Branch Office"),
}))
"""


class ClientsOfOthers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="scrip-profile-")
        cls.addClassCleanup(cls.folder.cleanup)
        data = pathlib.Path(cls.folder.name) / "data"
        cls.told = judge.prepared(SCRIP, data)
        cls.server = judge.Server(SCRIP, data, tls="self-made")
        cls.addClassCleanup(cls.server.stop)

    def environment(self):
        certificate = str(self.server.certificate)
        return {
            **os.environ,
            "HOST": self.server.url,
            "CLIENT_ID": self.told["client_id"],
            "CLIENT_SECRET": self.told["client_secret"],
            "EMAIL": self.told["email"],
            "PERSONAL_TOKEN": self.told["administrator"],
            "REQUESTS_CA_BUNDLE": certificate,
            "CURL_CA_BUNDLE": certificate,
        }

    def installed(self, place):
        """A copy of the package in which the host names alone are other ones."""
        whereabouts = "import importlib.util as u; print(u.find_spec('mcssmapi').origin)"
        found = subprocess.run([PYTHON, "-c", whereabouts], capture_output=True, text=True, check=True)
        source = pathlib.Path(found.stdout.strip()).parent
        shutil.copytree(source, place / "mcssmapi")
        host = self.server.url.removeprefix("https://")
        changed = 0
        for file in (place / "mcssmapi").glob("*.py"):
            text, count = re.subn(r"(?<=https://)(swapi|cloudsso)\.cisco\.com", host, file.read_text())
            file.write_text(text)
            changed += count
        self.assertEqual(changed, 3, "the token endpoint and two requests name a host")

    def test_the_package_gets_a_token_and_reads(self):
        with tempfile.TemporaryDirectory() as place:
            self.installed(pathlib.Path(place))
            environment = {**self.environment(), "PYTHONPATH": place}
            done = subprocess.run(
                [PYTHON, "-c", CLIENT], capture_output=True, text=True, env=environment, check=False
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["before"]["success"], told["before"]["error"]), (False, 401))
        self.assertEqual(told["before"]["response"]["status"], "ERROR")
        self.assertTrue(told["token"]["success"], told["token"])
        self.assertEqual(told["token"]["response"]["expires_in"], 3599)
        account = told["accounts"]["response"]["accounts"][0]
        self.assertEqual(account["accountDomain"], "example.com")
        self.assertEqual(account["roles"], [{"role": "Smart Account Administrator"}])
        self.assertEqual(told["search"]["response"]["totalRecords"], 1)
        names = [one["name"] for one in told["places"]["response"]["virtualAccounts"]]
        self.assertEqual(names, ["Branch Office", "DEFAULT"])
        self.assertEqual((told["foreign"]["error"], told["foreign"]["response"]["code"]), (404, "not_found"))
        for usage in (told["usage"], told["branch"]):
            self.assertTrue(usage["success"], usage)
            license = usage["response"]["licenses"][0]
            self.assertEqual((license["quantity"], license["virtualAccount"]), (10, "Branch Office"))

    def test_the_commands_of_the_manual_do_what_it_says(self):
        section = MANUAL.read_text().split("\n## The documented profile\n", 1)[1].split("\n## ", 1)[0]
        blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
        # Lines with a gap to be filled in are what the environment gives here.
        lines = [line for line in "".join(blocks).splitlines() if "…" not in line]
        script = "set -eu\n" + "\n".join(lines)
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, env=self.environment(), check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for said in (
            '"accountDomain":"example.com"',
            '"totalRecords":1',
            '"name":"Branch Office"',
            "Virtual Account 'Lab 7' created",
            "Virtual Account 'Lab 7' deleted",
            '"license":"network-advantage"',
            '"tokenInfo":{',
            '"devices":[]',
        ):
            self.assertIn(said, done.stdout)
        self.assertNotIn('"ERROR"', done.stdout)

    def test_secrets_in_a_query_stand_in_no_log(self):
        secret = self.told["client_secret"]
        query = f"grant_type=client_credentials&client_id={self.told['client_id']}&client_secret={secret}"
        done = subprocess.run(
            ["curl", "-sS", "-X", "POST", f"{self.server.url}/as/token.oauth2?{query}"],
            capture_output=True, text=True, env=self.environment(), check=True,
        )
        access = json.loads(done.stdout)["access_token"]
        log = self.server.log.read_text()
        self.assertIn("/as/token.oauth2", log, "the requests are logged")
        self.assertNotIn(secret, log)
        self.assertNotIn(access, log)


plainly.run(ClientsOfOthers)
