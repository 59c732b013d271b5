#!/usr/bin/python3
"""The portal's door in a real browser: a person is invited by mail, signs in by password, by the
code of an authenticator app, by a passkey and by an identity provider, and looks after all that.

needs: chromium chromedriver oathtool aiosmtpd
"""

import email
import email.policy
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "outside")]
import plainly  # noqa: E402
from smtp_receiver import Receiver  # noqa: E402
from webdriver import Browser  # noqa: E402

SCRIP = sys.argv.pop(1) if len(sys.argv) > 1 else "target/release/scrip"
SHOTS = pathlib.Path(os.environ.get("SCRIP_SHOTS") or tempfile.mkdtemp(prefix="scrip-shots-"))
PROVIDER = HERE.parent / "conformance" / "oidc"
PASSWORD = "violet anchors drift past noon"
INES, ANNA = "ines@halden.example", "anna@example.org"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def code(secret):
    """The code that an authenticator app shows now, by a program that we did not write."""
    shown = subprocess.run(["oathtool", "--totp", "--base32", secret], check=True, stdout=subprocess.PIPE, text=True)
    return shown.stdout.strip()


def next_code(secret):
    """The code of the next half minute: none is taken twice."""
    time.sleep(30 - time.time() % 30 + 0.2)
    return code(secret)


class Server:
    """A server with a mail server and, where node has its packages, an identity provider."""

    def __enter__(self):
        self.kept = tempfile.TemporaryDirectory(prefix="scrip-door-")
        self.folder = pathlib.Path(self.kept.name)
        self.mails = self.folder / "mails"
        self.receiver = Receiver(self.mails).__enter__()
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.provider = self.start_provider()
        config = (
            f'[server]\ndata = "data"\nlisten = "127.0.0.1:{self.port}"\npublic_url = "{self.url}"\n'
            f'[mail]\nhost = "127.0.0.1"\nport = {self.receiver.port}\ntls = "none"\n'
            'from = "scrip@halden.example"\nto = ["licenses@halden.example"]\n'
        )
        if self.provider:
            (self.folder / "secret").write_text("a secret of tests alone")
            config += (
                f'[[sign_in.provider]]\nname = "halden"\nlabel = "Halden"\nissuer = "{self.issuer}"\n'
                'client_id = "scrip"\nclient_secret_file = "secret"\n'
            )
        (self.folder / "scrip.toml").write_text(config)
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(
            [pathlib.Path(SCRIP).resolve(), "serve", "--config", "scrip.toml"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        for line in self.process.stdout:
            found = re.match(r"\s+Set-up secret: (\S+)", line)
            if found:
                self.secret = found[1]
                break
        return self

    def start_provider(self):
        if not (PROVIDER / "node_modules").exists():
            print(f"the identity provider's packages are missing: npm ci in {PROVIDER}")
            return None
        back = f"{self.url}/sign-in/halden/answer"
        provider = subprocess.Popen(
            ["node", "provider.js", "0", back],
            cwd=PROVIDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.issuer = provider.stdout.readline().strip()
        return provider

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=40)
        self.process.stdout.close()
        self.log.close()
        if self.provider:
            self.provider.stdin.close()
            self.provider.wait(timeout=10)
            self.provider.stdout.close()
        self.receiver.__exit__()
        self.kept.cleanup()

    def post(self, path, body):
        request = urllib.request.Request(self.url + "/api/v1" + path, json.dumps(body).encode(), method="POST")
        request.add_header("Authorization", f"Bearer {self.secret}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def link_to(self, address, what):
        """The newest link of this kind that was mailed to an address."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for kept in sorted((self.mails / "new").glob("*.eml"), reverse=True):
                mail = email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)
                found = re.search(rf"http\S+/{what}/\S+", mail.get_content())
                if mail["to"] == address and found:
                    return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no {what} was mailed to {address}")


class TheDoor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.browser = cls.enterClassContext(Browser())
        account = cls.server.post("/accounts", {"name": "Halden Ferries", "domain": "halden.example"})
        for address in (INES, ANNA):
            role = {"email": address, "role": "administrator"}
            cls.server.post(f"/accounts/{account['id']}/grants", role)

    def shots(self, name):
        """A picture of the page, wide and narrow."""
        for width, height in ((390, 844), (1440, 900)):
            self.browser.window_size(width, height)
            self.browser.screenshot(SHOTS / f"door-{name}-{width}.png", part="page")

    def go(self, path):
        self.browser.open(self.server.url + path)

    def password(self):
        browser = self.browser
        browser.forget_cookies()
        self.go("/sign-in?next=%2Fme")
        browser.field("E-mail").type(INES)
        browser.field("Password").type(PASSWORD)
        browser.button("Sign in").click()

    def test_1_an_invitation_by_mail_is_accepted(self):
        browser = self.browser
        self.go("/sign-in")
        self.shots("sign-in")
        link = self.server.link_to(INES, "invitation")
        browser.open(link)
        self.shots("invitation")
        browser.field("New password").type(PASSWORD)
        browser.field("The new password once more").type(PASSWORD)
        browser.button("Set the password").click()
        browser.wait_for_text("Your password is set", seconds=15)
        browser.open(link)
        browser.wait_for_text("This link does not work any more", seconds=15)
        self.shots("dead-link")
        browser.console()  # the browser notes the refusal, status 403, as an error
        self.password()
        browser.wait_for_text("Smart Account Administrator", seconds=15)
        self.shots("me")
        self.assertEqual(browser.console_errors(), [])

    def test_2_an_authenticator_app_is_set_and_asked_for(self):
        browser = self.browser
        self.password()
        browser.wait_for_text("You sign in as", seconds=15)
        self.go("/me/authenticator")
        type(self).secret = browser.find("#secret").text.replace(" ", "")
        self.shots("authenticator")
        browser.field("Code").type(code(self.secret))
        browser.button("Confirm").click()
        browser.wait_for_text("Your recovery codes", seconds=15)
        self.shots("recovery")
        browser.link("I have kept them").click()
        browser.wait_for_text("10 recovery codes are left", seconds=15)
        self.password()
        browser.wait_for_text("Your second factor", seconds=15)
        self.shots("second-factor")
        browser.field("Code").type(next_code(self.secret))
        browser.button("Go on").click()
        browser.wait_for_text("You sign in as", seconds=15)
        self.assertEqual(browser.console_errors(), [])

    def test_3_a_passkey_is_a_second_factor_and_signs_in_alone(self):
        browser = self.browser
        authenticator = browser.call(
            "POST",
            "/webauthn/authenticator",
            {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            },
        )
        self.addCleanup(browser.call, "DELETE", f"/webauthn/authenticator/{authenticator}")
        self.go("/me/sign-in")
        browser.field("Name of the passkey").type("Laptop")
        browser.button("Add a passkey").click()
        browser.wait_for_text("The passkey is added", seconds=15)
        self.shots("signing-in")
        self.password()
        browser.wait_for_text("Your second factor", seconds=15)
        browser.button("Use a passkey").click()
        browser.wait_for_text("You sign in as", seconds=15)
        browser.forget_cookies()
        self.go("/sign-in?next=%2Fme%2Fsessions")
        browser.button("Use a passkey").click()
        browser.wait_for_text("by passkey", seconds=15)
        self.shots("sessions")
        self.assertEqual(browser.console_errors(), [])

    def test_4_a_token_is_made_and_works_and_a_session_is_ended(self):
        browser = self.browser
        self.go("/me/tokens")
        browser.field("Name").type("Night job")
        browser.button("Make the token and show it").click()
        text = browser.wait_for("#token-text", seconds=15).text
        self.shots("tokens")
        request = urllib.request.Request(self.server.url + "/api/v1/me")
        request.add_header("Authorization", f"Bearer {text}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            self.assertEqual(json.load(answer)["email"], INES)
        self.go("/me/sessions")
        before = len(browser.find_all("tbody tr"))
        browser.find("tbody form button").click()
        browser.wait_for_text("The session is ended", seconds=15)
        self.assertEqual(len(browser.find_all("tbody tr")), before - 1)
        self.assertEqual(browser.console_errors(), [])

    def test_5_an_identity_provider_lets_in_whom_it_vouches_for(self):
        if not self.server.provider:
            self.skipTest("the identity provider's packages are missing")
        browser = self.browser
        browser.forget_cookies()
        self.go("/sign-in?next=%2Fme")
        browser.link("Sign in with Halden").click()
        self.at_the_provider()
        browser.wait_for_text(f"You sign in as {ANNA}", seconds=15)
        self.go("/me/sign-in")
        self.assertIn("Halden", browser.find("#providers-head ~ *, section:has(#providers-head)").text)
        self.shots("providers")
        # She was invited once: the second time she is known by issuer and subject.
        browser.forget_cookies()
        self.go("/sign-in?next=%2Fme")
        browser.link("Sign in with Halden").click()
        self.at_the_provider()
        browser.wait_for_text(f"You sign in as {ANNA}", seconds=15)
        self.go("/me/prove?next=%2Fme%2Ftokens")
        browser.button("Show it at Halden").click()
        self.at_the_provider()
        browser.wait_for_text("Your API tokens", seconds=15)
        browser.console()  # the provider's own pages want a font from elsewhere

    def at_the_provider(self):
        """Signs in at the provider and consents, as far as it asks."""
        browser = self.browser
        for _ in range(3):
            browser.wait(lambda: "/interaction/" in browser.url or self.is_back(), 20, "the provider")
            if self.is_back():
                return
            here = browser.url
            if browser.has("input[name=login]"):
                browser.find("input[name=login]").type("anna")
                browser.find("input[name=password]").type("any")
            browser.find("button[type=submit]").click()
            browser.wait(lambda: browser.url != here, 20, "the provider's next page")

    def is_back(self):
        return self.browser.url.startswith(f"{self.server.url}/me") and "/prove/" not in self.browser.url

    def test_6_a_forgotten_password_is_replaced_and_the_second_factor_stays(self):
        browser = self.browser
        browser.forget_cookies()
        self.go("/forgotten")
        browser.field("E-mail").type(INES)
        browser.button("Mail me a link").click()
        browser.wait_for_text("a link is on its way", seconds=15)
        self.shots("forgotten")
        browser.open(self.server.link_to(INES, "new-password"))
        browser.field("New password").type(PASSWORD + " again")
        browser.field("The new password once more").type(PASSWORD + " again")
        browser.button("Set the password").click()
        browser.wait_for_text("Your password is set", seconds=15)
        browser.field("E-mail").type(INES)
        browser.field("Password").type(PASSWORD + " again")
        browser.button("Sign in").click()
        browser.wait_for_text("Your second factor", seconds=15)
        self.assertEqual(browser.console_errors(), [])


if __name__ == "__main__":
    print(f"screenshots in {SHOTS}")
    plainly.run(TheDoor)
