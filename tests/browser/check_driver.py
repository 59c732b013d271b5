#!/usr/bin/python3
"""The browser driver itself: what the scenarios rest on works on this machine.

needs: chromium chromedriver
"""

import functools
import http.server
import pathlib
import struct
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import plainly  # noqa: E402
from webdriver import Browser, BrowserError  # noqa: E402

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Pools</title>
<link rel="icon" href="data:,"><style>:root { color-scheme: light dark } p { color: light-dark(black, white) }</style>
<h1>Pools</h1><p id="said"></p>
<form><label>Name <input name="name" value="old"></label><button>Say …</button></form>
<script>
document.querySelector("form").addEventListener("submit", event => {
    event.preventDefault();
    document.querySelector("#said").textContent = "said " + new FormData(event.target).get("name");
});
</script></html>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the page's folder without a line per request."""

    def log_message(self, *_):
        pass


class TheDriver(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="scrip-page-")
        pathlib.Path(cls.folder.name, "index.html").write_text(PAGE, encoding="utf-8")
        handler = functools.partial(Quiet, directory=cls.folder.name)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.url = f"http://127.0.0.1:{cls.server.server_port}/"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.folder.cleanup()

    def test_a_form_is_filled_in_and_answered(self):
        with Browser() as browser:
            browser.open(self.url)
            self.assertEqual(browser.title, "Pools")
            browser.field("Name").type("Lisbon")
            browser.button("Say …").click()
            browser.wait_for_text("said Lisbon")
            self.assertEqual(browser.script("return arguments[0] + 1", 41), 42)
            with self.assertRaises(BrowserError):
                browser.find("#nowhere")

    def test_a_picture_has_the_size_that_was_asked_for(self):
        with Browser(width=390, height=700, scheme="dark") as browser:
            browser.open(self.url)
            picture = pathlib.Path(self.folder.name, "page.png")
            browser.screenshot(picture)
            header = picture.read_bytes()[:24]
            self.assertEqual(struct.unpack(">II", header[16:]), (390, 700))
            self.assertEqual(browser.find("p").style("color"), "rgba(255, 255, 255, 1)")

    def test_an_error_in_the_console_is_heard(self):
        with Browser() as browser:
            browser.open(self.url)
            browser.console()
            browser.script("setTimeout(() => { throw new Error('torn') })")
            heard = browser.wait(browser.console_errors)
            self.assertIn("torn", heard[0])
            browser.open(self.url + "nowhere.css")
            self.assertTrue(browser.console_errors())

    def test_what_a_page_asks_for_is_heard(self):
        with Browser() as browser:
            browser.open(self.url)
            self.assertIn(self.url, browser.requests())
            browser.script("return fetch('/nowhere.json').then(() => 1)")
            self.assertEqual(browser.requests(), [self.url + "nowhere.json"])

    def test_a_page_is_read_without_scripts(self):
        with Browser(scripts="off") as browser:
            browser.open(self.url)
            browser.field("Name").type("Lisbon")
            browser.find("input").press("Enter")
            browser.wait(lambda: "name=Lisbon" in browser.url)
            self.assertNotIn("said", browser.text)

    def test_keys_alone_reach_the_button(self):
        with Browser() as browser:
            browser.open(self.url)
            browser.keys("Tab", "Tab", "Enter")
            browser.wait_for_text("said old")


if __name__ == "__main__":
    plainly.run(TheDriver)
