#!/usr/bin/python3
"""Schemathesis asks everything that our description offers, and much that it does not, of a real
server: as an operator and as an account's administrator. No answer may be a fault of the server, of an
undocumented status or kind, or of another form than described.

needs: venv
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import judge  # noqa: E402
import plainly  # noqa: E402

SCRIP = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "target/release/scrip").resolve()
LONG = bool(os.environ.get("SCRIP_LONG"))
PYTHON = judge.python(SCRIP)

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
EXAMPLES = 40 if LONG else 4


class OurDescription(unittest.TestCase):
    def asked(self, who):
        """Asks as somebody; returns what the server counted of each route and status."""
        with tempfile.TemporaryDirectory(prefix="scrip-openapi-") as folder:
            data = pathlib.Path(folder) / "data"
            told = judge.prepared(SCRIP, data)
            server = judge.Server(SCRIP, data)
            try:
                self.run_schemathesis(pathlib.Path(folder), server, told, told[who])
                with urllib.request.urlopen(f"{server.url}/metrics") as answer:
                    figures = answer.read().decode()
            finally:
                ended = server.stop()
            self.assertEqual(ended, 0, server.log.read_text()[-2000:])
        counted = re.findall(
            r'scrip_http_requests_total\{route="(/(?:api|device)/v1/[^"]*)",status="(\d+)"\} (\d+)', figures
        )
        return [(route, int(status), int(count)) for route, status, count in counted]

    def own_and_spare(self, server, told, token):
        """The ids of who asks, and those of somebody who may be blocked in their place."""

        def ask(path, bearer, body=None):
            request = urllib.request.Request(
                f"{server.url}/api/v1/{path}",
                data=json.dumps(body).encode() if body else None,
                headers={"Authorization": f"Bearer {bearer}"},
            )
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)

        me = ask("me", token)
        tokens = ask("me/api-tokens", token)["items"]
        own = [me["id"], *(grant["id"] for grant in me["grants"]), *(one["id"] for one in tokens)]
        role = {"email": "spare@example.com", "role": "viewer"}
        made = ask(f"accounts/{told['account']}/grants", told["operator"], role)
        spare = {"person": made["person"], "grant": made["id"], "api_token": told["client_id"]}
        return own, {**spare, "api_client": told["client_id"]}

    def run_schemathesis(self, folder, server, told, token):
        # Ids that are there: what is random alone would get no further than "not found".
        settings = folder / "schemathesis.toml"
        settings.write_text(
            f'[parameters]\n"path.account" = "{told["account"]}"\n'
            f'"path.virtual_account" = "{told["virtual_account"]}"\n'
        )
        command = [
            PYTHON, "-m", "schemathesis.cli", "--config-file", settings,
            "run", f"{server.url}/api/v1/openapi.json",
            "--checks", ",".join(CHECKS),
            "--max-examples", str(EXAMPLES),
            "--continue-on-failure",
            "--no-color",
            "--suppress-health-check", "all",
            "--warnings", "off",
        ]
        if not LONG:
            # The same questions each time: a fault that comes and goes is found by the long run.
            command += ["--seed", "1", "--phases", "examples,coverage,fuzzing"]
        own, spare = self.own_and_spare(server, told, token)
        environment = {
            **os.environ,
            "JUDGE_TOKEN": token,
            "JUDGE_OWN": json.dumps(own),
            "JUDGE_SPARE": json.dumps(spare),
            "PYTHONPATH": str(HERE),
            "SCHEMATHESIS_HOOKS": "openapi_hooks",
            "PYTHONIOENCODING": "utf-8",
            "COLUMNS": "160",
        }
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode != 0:
            log = server.log.read_text()
            faults = [line for line in log.splitlines() if "ERROR" in line]
            print(done.stdout[-20000:], done.stderr[-4000:], *faults[-20:], sep="\n", flush=True)
        self.assertEqual(done.returncode, 0, "schemathesis found something: it stands above")

    def judged(self, counted, least):
        """Says how far the questions got, and that they got far enough."""
        routes = {route for route, _, _ in counted}
        answered = {route for route, status, _ in counted if status < 300}
        asked = sum(count for _, _, count in counted)
        waited = sum(count for _, status, count in counted if status == 429)
        print(f"{asked} questions of {len(routes)} routes, {len(answered)} gave what they offer", flush=True)
        self.assertEqual(waited, 0, "questions were not looked at")
        self.assertGreaterEqual(len(answered), least, sorted(routes - answered))

    def test_an_operator_finds_nothing_undocumented(self):
        self.judged(self.asked("operator"), 25)

    def test_an_administrator_of_an_account_finds_nothing_undocumented(self):
        self.judged(self.asked("administrator"), 20)


plainly.run(OurDescription)
