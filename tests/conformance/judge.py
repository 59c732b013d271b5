"""What judges from outside need: their packages, and a server with people who have tokens.

Not here: any judgement.
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


def skip(why):
    """Ends the step as one that was skipped."""
    print(why, flush=True)
    sys.exit(77)


def python(scrip):
    """The Python that has the judges' packages, installed once into the target folder."""
    place = scrip.parent.parent / "conformance"
    mark = place / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    program = place / "bin" / "python"
    if mark.is_file() and mark.read_text() == wanted:
        return program
    if os.environ.get("SCRIP_NO_INSTALL"):
        skip("the packages of requirements.txt are missing, and nothing is to be installed")
    for command in (
        [sys.executable, "-m", "venv", "--clear", place],
        [program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--requirement", REQUIREMENTS],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(done.stdout + done.stderr, flush=True)
            skip("the packages of requirements.txt cannot be installed: no network, or no pip")
    mark.write_text(wanted)
    return program


def prepared(scrip, folder):
    """Prepares a data folder: people with tokens, an account, an API client."""
    program = scrip.parent / "examples" / "prepare"
    if not program.is_file():
        skip("there is no prepare: cargo build --release -p server --example prepare")
    done = subprocess.run([program, folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return json.loads(done.stdout)


class Server:
    """A real `scrip serve` on a folder, with what it says kept in a file."""

    def __init__(self, scrip, folder, tls="off"):
        self.log = folder.with_name("serve.log")
        self.certificate = folder / "tls" / "certificate.pem"
        environment = {**os.environ, "SCRIP_TLS_MODE": tls, "SCRIP_LOG_LEVEL": "debug"}
        command = [scrip, "serve", "--data", folder, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True, env=environment
        )
        first = self.process.stdout.readline()
        if not first:
            raise AssertionError(self.log.read_text())
        self.url = first.split()[-1]

    def stop(self):
        """Stops it in good order; returns how it ended."""
        self.process.terminate()
        self.process.stdout.close()
        return self.process.wait(timeout=60)
