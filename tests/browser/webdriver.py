"""A real browser, driven over ChromeDriver's W3C WebDriver protocol, with the standard library alone.

    with Browser() as browser:
        browser.open("http://127.0.0.1:8080/")
        browser.find("input[name=email]").type("ada@example.org")
        browser.find("button[type=submit]").click()
        browser.wait_for_text("Welcome")
        browser.screenshot("welcome.png")
        assert browser.console_errors() == []

Not here: any scenario, and anything about the portal.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

# Quiet in a closed network: without these the browser calls home at every start.
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
]

# The name under which the protocol hands out a reference to an element.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

# Keys by name, as the protocol encodes them.
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Control": "\ue009",
    "Escape": "\ue00c",
    "Space": " ",
    "PageUp": "\ue00e",
    "PageDown": "\ue00f",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
}


class BrowserError(Exception):
    """What the driver answered instead of a value; `kind` is the protocol's error code."""

    def __init__(self, kind, message):
        super().__init__(f"{message.splitlines()[0] if message else kind} ({kind})")
        self.kind = kind


def find_program(*names):
    """The first of these programs that is installed, or None."""
    return next((path for path in map(shutil.which, names) if path), None)


def chromium():
    """The installed browser, or None."""
    return find_program("chromium", "chromium-browser", "google-chrome")


class Browser:
    """One browser with a profile of its own, gone when closed.

    `width` and `height` are the page's, in CSS pixels; `scheme` is `light` or `dark`; with
    `scripts="off"` no script of a page runs; `certificates="any"` takes a self-made certificate.
    """

    def __init__(self, width=1440, height=900, scheme="light", scripts="on", certificates="checked"):
        binary, driver = chromium(), find_program("chromedriver")
        if not binary or not driver:
            raise BrowserError("not installed", "install chromium and chromium-driver")
        self._profile = tempfile.mkdtemp(prefix="scrip-browser-")
        self._session = None
        self._listener = None
        # A group of its own, so that closing takes every child along.
        self._driver = subprocess.Popen(
            [driver, "--port=0", f"--log-path={self._profile}/driver.log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            self._address = f"http://127.0.0.1:{self._read_port()}"
            self._start_session(binary, certificates)
            self.window_size(width, height)
            self.color_scheme(scheme)
            if scripts == "off":
                self.cdp("Emulation.setScriptExecutionDisabled", value=True)
        except BaseException:
            self.close()
            raise

    def _read_port(self):
        for line in self._driver.stdout:
            found = re.search(r"successfully on port (\d+)", line)
            if found:
                # Whatever it says later must not fill the pipe and block it.
                self._listener = threading.Thread(target=self._driver.stdout.read, daemon=True)
                self._listener.start()
                return int(found.group(1))
        raise BrowserError("driver", "chromedriver ended before it listened")

    def _start_session(self, binary, certificates):
        options = {
            "binary": binary,
            "args": [*ARGUMENTS, f"--user-data-dir={self._profile}/profile"],
        }
        wanted = {
            "browserName": "chrome",
            "acceptInsecureCerts": certificates == "any",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}}, seconds=60)
        self._session = answer["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the browser and its driver, and removes the profile."""
        try:
            if self._session:
                self._call("DELETE", f"/session/{self._session}")
        except (BrowserError, OSError):
            pass
        self._session = None
        try:
            os.killpg(self._driver.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._driver.wait()
        if self._listener:
            self._listener.join(timeout=5)
        self._driver.stdout.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    # Speaking to the driver.

    def _call(self, method, path, body=None, seconds=30):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self._address + path, data=data, method=method)
        request.add_header("Content-Type", "application/json; charset=utf-8")
        # No proxy, whatever the environment says: the driver is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise BrowserError(value.get("error", "unknown"), value.get("message", "")) from None

    def call(self, method, path, body=None):
        """A command of the protocol, `path` seen from the session."""
        return self._call(method, f"/session/{self._session}{path}", body)

    def cdp(self, command, **parameters):
        """A command of the browser's own protocol, for what WebDriver lacks."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    # Where we are.

    def open(self, url):
        """Goes to an address and waits until the page is loaded."""
        self.call("POST", "/url", {"url": url})

    def reload(self):
        """Loads the page again."""
        self.call("POST", "/refresh")

    def back(self):
        """Goes back one page."""
        self.call("POST", "/back")

    @property
    def url(self):
        """The address shown."""
        return self.call("GET", "/url")

    @property
    def title(self):
        """The page's title."""
        return self.call("GET", "/title")

    @property
    def text(self):
        """The text that a reader sees."""
        return self.find("body").text

    def cookies(self):
        """The cookies that the page could send."""
        return self.call("GET", "/cookie")

    def forget_cookies(self):
        """Signs out of everything."""
        self.call("DELETE", "/cookie")

    # Finding.

    def find(self, css):
        """The first element that matches; an error if there is none."""
        return self._element(self.call("POST", "/element", {"using": "css selector", "value": css}))

    def find_all(self, css):
        """Every element that matches."""
        found = self.call("POST", "/elements", {"using": "css selector", "value": css})
        return [self._element(reference) for reference in found]

    def has(self, css):
        """Whether anything matches."""
        return bool(self.find_all(css))

    def link(self, text):
        """The link with exactly this text."""
        return self._element(self.call("POST", "/element", {"using": "link text", "value": text}))

    def button(self, text):
        """The button that reads so; an error if none does."""
        for button in self.find_all("button, input[type=submit], [role=button]"):
            if (button.text or button.attribute("value") or "").strip() == text:
                return button
        raise BrowserError("no such element", f"no button reads {text!r}")

    def field(self, label):
        """The form field that a label with exactly this text belongs to."""
        script = """
            const wanted = arguments[0];
            for (const label of document.querySelectorAll("label")) {
                const own = [...label.childNodes].filter(n => !n.matches?.("input,select,textarea"));
                const text = own.map(n => n.textContent).join("").trim().replace(/\\s+/g, " ");
                if (text === wanted && label.control) return label.control;
            }
            return null;"""
        reference = self.script(script, label)
        if reference is None:
            raise BrowserError("no such element", f"no field is labelled {label!r}")
        return reference

    def _element(self, reference):
        return Element(self, reference[ELEMENT])

    def wait(self, condition, seconds=5, what="the condition"):
        """Asks `condition` until it is true, and gives back what it said."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = condition()
                if value:
                    return value
            except BrowserError as error:
                # The page is being replaced: ask again.
                if error.kind not in ("no such element", "stale element reference"):
                    raise
            if time.monotonic() > end:
                raise BrowserError("timeout", f"{what} did not come within {seconds} s")
            time.sleep(0.02)

    def wait_for(self, css, seconds=5):
        """Waits for an element."""
        return self.wait(lambda: self.find(css), seconds, f"an element {css!r}")

    def wait_for_text(self, text, seconds=5):
        """Waits until a reader sees this text."""
        return self.wait(lambda: text in self.text, seconds, f"the text {text!r}")

    # Acting and looking.

    def keys(self, *names):
        """Presses keys one after the other where the focus is: names of `KEYS` or characters."""
        presses = []
        for name in names:
            key = KEYS.get(name, name)
            presses += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        source = {"type": "key", "id": "keyboard", "actions": presses}
        self.call("POST", "/actions", {"actions": [source]})

    def script(self, script, *arguments):
        """Runs a script in the page and gives back what it returns."""
        sent = [{ELEMENT: a.reference} if isinstance(a, Element) else a for a in arguments]
        value = self.call("POST", "/execute/sync", {"script": script, "args": sent})
        return self._element(value) if isinstance(value, dict) and ELEMENT in value else value

    def window_size(self, width, height):
        """Sets the size of the page itself, in CSS pixels; as narrow as a phone too."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)

    def color_scheme(self, scheme):
        """What the reader's system prefers: `light` or `dark`; motion is always reduced."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.cdp("Emulation.setEmulatedMedia", features=features)

    def screenshot(self, path, part="window"):
        """Writes a PNG of the window, or with `part="page"` of the whole page."""
        beyond = part == "page"
        picture = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=beyond)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def console(self):
        """What the browser's console said since the last question: level, message, time."""
        return self.call("POST", "/se/log", {"type": "browser"})

    def console_errors(self):
        """The errors among it: scripts that failed, files not found, rules of the page broken."""
        return [line["message"] for line in self.console() if line["level"] == "SEVERE"]

    def requests(self):
        """The addresses that pages asked for since the last question, over the network or not."""
        lines = self.call("POST", "/se/log", {"type": "performance"})
        said = [json.loads(line["message"])["message"] for line in lines]
        asked = [one["params"] for one in said if one["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in asked]


class Element:
    """An element of the page shown."""

    def __init__(self, browser, reference):
        self.browser = browser
        self.reference = reference

    def _call(self, method, path, body=None):
        return self.browser.call(method, f"/element/{self.reference}{path}", body)

    def find(self, css):
        """The first element inside this one that matches."""
        return self.browser._element(
            self._call("POST", "/element", {"using": "css selector", "value": css})
        )

    def find_all(self, css):
        """Every element inside this one that matches."""
        found = self._call("POST", "/elements", {"using": "css selector", "value": css})
        return [self.browser._element(reference) for reference in found]

    def click(self):
        """Clicks as a person does: scrolled into view, an error if something covers it."""
        self._call("POST", "/click")

    def type(self, text):
        """Replaces what the field holds."""
        self._call("POST", "/clear")
        self._call("POST", "/value", {"text": text})

    def press(self, name):
        """Presses one key of `KEYS` in this element."""
        self._call("POST", "/value", {"text": KEYS[name]})

    @property
    def text(self):
        """The text that a reader sees."""
        return self._call("GET", "/text")

    @property
    def shown(self):
        """Whether a reader sees it."""
        return self._call("GET", "/displayed")

    @property
    def label(self):
        """What a screen reader calls it."""
        return self._call("GET", "/computedlabel")

    def attribute(self, name):
        """An attribute as written, or None."""
        return self._call("GET", f"/attribute/{name}")

    def property(self, name):
        """A property as it is now, such as `value` or `checked`."""
        return self._call("GET", f"/property/{name}")

    def style(self, name):
        """A computed style."""
        return self._call("GET", f"/css/{name}")
