#!/usr/bin/python3
"""The portal in a real browser, over the demo: what an administrator sees and does.

needs: chromium chromedriver
"""

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
from webdriver import Browser  # noqa: E402

SCRIP = sys.argv.pop(1) if len(sys.argv) > 1 else "target/release/scrip"
SHOTS = pathlib.Path(os.environ.get("SCRIP_SHOTS") or tempfile.mkdtemp(prefix="scrip-shots-"))


class Demo:
    """A running demo: its address and its set-up secret."""

    def __enter__(self):
        command = [SCRIP, "demo", "--port", "0", "--every", "5s"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.secret = None
        for line in self.process.stdout:
            self.url = self.url or next(iter(re.findall(r"http://localhost:\d+", line)), None)
            found = re.match(r"Sign in with\s+(\S+)", line)
            if found:
                self.secret = found[1]
                break
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()


class ThePortal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = cls.enterClassContext(Demo())
        cls.browser = cls.enterClassContext(Browser())
        time.sleep(15)

    def sign_in(self):
        browser = self.browser
        browser.forget_cookies()
        browser.open(self.demo.url)
        browser.field("Set-up secret").type(self.demo.secret)
        browser.button("Sign in").click()
        browser.wait_for_text("Northwind Robotics", seconds=15)

    def shot(self, name):
        self.browser.screenshot(SHOTS / f"{name}.png")

    def test_1_a_wrong_secret_is_told_and_a_right_one_lets_in(self):
        browser = self.browser
        browser.open(self.demo.url)
        self.assertIn("/sign-in", browser.url)
        browser.field("Set-up secret").type("not-the-secret")
        browser.button("Sign in").click()
        browser.wait_for_text("this is not the set-up secret", seconds=15)
        browser.console()  # the browser notes the refusal, status 401, as an error
        self.sign_in()

    def test_2_the_overview_shows_devices_pools_and_alarms(self):
        self.sign_in()
        text = self.browser.text
        self.assertIn("220", text)
        self.assertIn("Short by", text)
        self.assertIn("Network Advantage C9300-24", text)
        self.assertRegex(text, "rtm-access-\\d+")
        self.shot("overview-light-1440")
        self.browser.color_scheme("dark")
        self.shot("overview-dark-1440")
        self.browser.color_scheme("light")
        self.browser.window_size(390, 844)
        self.shot("overview-light-390")
        self.browser.window_size(1440, 900)
        self.assertEqual(self.browser.console_errors(), [])

    def test_3_a_pool_and_an_instance_open(self):
        self.sign_in()
        browser = self.browser
        browser.find("a[href*='/pools/']").click()
        browser.wait_for_text("in force", seconds=15)
        self.shot("pool")
        browser.find("a[href*='/instances/']").click()
        browser.wait_for_text("PID:", seconds=15)
        self.shot("instance")
        self.assertEqual(browser.console_errors(), [])

    def test_4_an_id_token_is_made_shown_and_revoked(self):
        self.sign_in()
        browser = self.browser
        browser.find("a[href$='/tokens']").click()
        browser.wait_for("form [name='description']", seconds=15).type("browser test")
        browser.find("form:has([name='description']) button").click()
        browser.wait_for_text("scrip-agent trust idtoken", seconds=15)
        self.shot("token-made")

    def test_5_numbers_change_while_one_looks(self):
        self.sign_in()
        browser = self.browser
        before = browser.text
        browser.wait(lambda: browser.text != before, seconds=40, what="a live refresh")
        self.assertEqual(browser.console_errors(), [])

    def test_6_the_alarms_page_says_what_is_wrong_and_what_to_do(self):
        self.sign_in()
        browser = self.browser
        browser.link("All alarms").click()
        browser.wait_for_text("Missing", seconds=15)
        self.shot("alarms")


if __name__ == "__main__":
    print(f"screenshots in {SHOTS}")
    plainly.run(ThePortal)
