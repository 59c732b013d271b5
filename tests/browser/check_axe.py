#!/usr/bin/python3
"""Every page of the portal before a judge of accessibility that we did not write (axe-core), in a
real browser: light and dark, wide and narrow. A page that is new is walked by itself.

needs: chromium chromedriver aiosmtpd npm
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
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "outside")]
import plainly  # noqa: E402
from smtp_receiver import Receiver  # noqa: E402
from webdriver import Browser  # noqa: E402

SCRIP = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "target/release/scrip").resolve())
SHOTS = pathlib.Path(os.environ.get("SCRIP_SHOTS") or tempfile.mkdtemp(prefix="scrip-shots-"))
AXE = HERE / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "violet anchors drift past noon"
INES, BERTA = "ines@northwind.example", "berta@northwind.example"
SIZES = ((1440, 900), (390, 844))

# Addresses that answer a GET with a file or send on, and show no page.
NO_PAGE = {"/", "/assets/{name}", "CHECKPOINT", "PROVIDER", "PROVIDER_ANSWER"}

# Only colours differ between the themes: in dark, only what judges them is asked again.
RUN = """
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const colours = ["color-contrast", "link-in-text-block"];
const only = arguments[1] === "dark" ? {type: "rule", values: colours} : {type: "tag", values: tags};
return axe.run(arguments[0] || document, {runOnly: only, resultTypes: ["violations"], preload: false, iframes: false}).then(found =>
    found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")}: `
        + (node.any[0] || node.all[0] || node.none[0] || {message: rule.help}).message)));
"""

# What is wider than the window, and text that ends before it is over without saying so.
MEASURE = """
const said = [];
const wide = document.documentElement.scrollWidth;
if (wide > innerWidth) said.push(`the page is ${wide} wide in a window of ${innerWidth}`);
const name = e => e.tagName.toLowerCase() + [...e.classList].map(c => "." + c).join("");
for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility() || e.closest(".unseen, .skip, svg")) continue;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!e.closest(".rail") && box.width > 0 && (box.left < -1 || box.right > innerWidth + 1)
        && ![...ancestors(e)].some(a => getComputedStyle(a).overflowX !== "visible"))
        said.push(`${name(e)} reaches out of the window: "${e.textContent.trim().slice(0, 40)}"`);
    const clips = style.overflowX === "hidden" || style.overflowX === "clip";
    const told = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none" || e.title;
    if (clips && e.scrollWidth > e.clientWidth + 1 && e.textContent.trim() && !told)
        said.push(`${name(e)} is cut off: "${e.textContent.trim().slice(0, 40)}"`);
    // What is meant to be moved sideways can be reached by keys.
    const moves = style.overflowX === "auto" || style.overflowX === "scroll";
    if (moves && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0)
        said.push(`${name(e)} is ${e.scrollWidth} wide where ${e.clientWidth} are seen`);
}
function* ancestors(e) { while ((e = e.parentElement)) yield e; }
return [...new Set(said)];
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def patterns():
    """The addresses under which the portal shows something, as its table of routes has them."""
    source = ROOT / "crates/server/src/portal"
    table = "".join(file.read_text() for file in [source.with_suffix(".rs"), *source.rglob("*.rs")])
    constants = dict(re.findall(r'pub const (\w+): &str =\s*"([^"]+)"', (source / "pages/paths.rs").read_text()))
    asked = re.findall(r'\.route\(\s*(?:paths::(\w+)|"([^"]+)"),\s*get\(', table)
    shown = {constants.get(name, plain) for name, plain in asked if (name or plain) not in NO_PAGE}
    return sorted(pattern for pattern in shown if not pattern.endswith("/export"))


class Server:
    """The demo's company, served with a mail server beside it, and two people in it."""

    def __enter__(self):
        self.kept = tempfile.TemporaryDirectory(prefix="scrip-axe-")
        self.folder = pathlib.Path(self.kept.name)
        self.mails = self.folder / "mails"
        self.receiver = Receiver(self.mails).__enter__()
        self.data = self.folder / "data"
        demo = [SCRIP, "demo", "--port", "0", "--data", self.data, "--every", "2s", "--for", "15s", "--json"]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=180)
        port = free_port()
        self.url = f"http://localhost:{port}"
        (self.folder / "scrip.toml").write_text(
            f'[server]\ndata = "data"\nlisten = "127.0.0.1:{port}"\npublic_url = "{self.url}"\n'
            f'[mail]\nhost = "127.0.0.1"\nport = {self.receiver.port}\ntls = "none"\n'
            'from = "scrip@northwind.example"\nto = ["licenses@northwind.example"]\n'
        )
        command = [SCRIP, "serve", "--config", "scrip.toml"]
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 60
        while time.monotonic() < end and not self.answers():
            time.sleep(0.1)
        self.secret = self.host("setup-secret")["set_up_secret"]
        account = self.api("/accounts")["items"][0]
        self.account, self.domain = account["id"], account["domain"]
        for address, role in ((INES, "administrator"), ("anna@northwind.example", "viewer")):
            self.api(f"/accounts/{self.account}/grants", {"email": address, "role": role})
        self.host("user", "add", BERTA, "--name", "Berta Lindqvist")
        # From here on the set-up secret works no more.
        self.host("user", "add", INES, "--name", "Ines Okafor", "--operator")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
        self.receiver.__exit__()
        self.kept.cleanup()

    def answers(self):
        try:
            return urllib.request.urlopen(self.url + "/sign-in", timeout=5).status == 200
        except OSError:
            return False

    def host(self, *words):
        """A command on the host, and what it says."""
        command = [SCRIP, *words, "--data", self.data, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)

    def api(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/api/v1" + path, data)
        request.add_header("Authorization", f"Bearer {self.secret}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def link_to(self, address, what):
        """The newest link of this kind that was mailed to an address."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for kept in sorted((self.mails / "new").glob("*.eml"), reverse=True):
                mail = email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)
                found = re.search(rf"http\S+/{what}/\S+", mail.get_content())
                if mail["to"] == address and found:
                    return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no {what} was mailed to {address}")


class EveryPage(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.browser = cls.enterClassContext(Browser())
        cls.axe = AXE.read_text()
        cls.walked = set()
        cls.pictures = 0

    def setUp(self):
        self.wrong = {}

    def tearDown(self):
        self.browser.window_size(*SIZES[0])
        self.browser.color_scheme("light")

    def go(self, path):
        self.browser.open(self.server.url + path)

    def look(self, name, part=None):
        """Judges the page that is shown, in both sizes and both themes, and takes pictures of it.

        With `part` only what lies in that element: an open menu covers what is below it.
        """
        browser = self.browser
        path = browser.url.removeprefix(self.server.url).split("?")[0]
        self.walked.add(path)
        browser.script(self.axe)
        for width, height in SIZES:
            browser.window_size(width, height)
            measured = browser.script(MEASURE)
            for scheme in ("light", "dark"):
                browser.color_scheme(scheme)
                for said in [*measured, *browser.script(RUN, part, scheme)]:
                    self.wrong.setdefault(f"{name}: {said}", []).append(f"{width} {scheme}")
                measured = []
                browser.screenshot(SHOTS / f"{name}-{width}-{scheme}.png", part="page")
                type(self).pictures += 1
        self.tearDown()

    def judged(self):
        """Fails with all that was wrong, and with what the browser's console said of errors."""
        wrong = [f"{said} ({', '.join(where)})" for said, where in sorted(self.wrong.items())]
        self.assertEqual("\n".join(wrong), "")
        self.assertEqual(self.browser.console_errors(), [])

    def sign_in(self, address):
        self.browser.forget_cookies()
        self.go("/sign-in?next=%2Fme")
        self.browser.field("E-mail").type(address)
        self.browser.field("Password").type(PASSWORD)
        self.browser.button("Sign in").click()
        self.browser.wait_for_text("You sign in as", seconds=30)

    def choose_password(self):
        self.browser.field("New password").type(PASSWORD)
        self.browser.field("The new password once more").type(PASSWORD)
        self.browser.button("Set the password").click()
        self.browser.wait_for_text("Your password is set", seconds=30)

    def test_1_the_door(self):
        browser = self.browser
        self.go("/sign-in")
        self.look("sign-in")
        browser.field("E-mail").type(INES)
        browser.field("Password").type("not this one")
        browser.button("Sign in").click()
        browser.wait_for(".notice.bad", seconds=30)
        self.look("sign-in-refused")
        browser.console()  # the browser notes a refusal as an error
        self.go("/forgotten")
        self.look("forgotten")
        browser.open(self.server.link_to("anna@northwind.example", "invitation"))
        self.look("invitation")
        for address in (INES, BERTA):
            browser.open(self.server.host("user", "link", address)["link"])
            self.look("link")
            self.choose_password()
        self.look("sign-in-noted")
        self.go("/forgotten")
        browser.field("E-mail").type(INES)
        browser.button("Mail me a link").click()
        browser.wait_for_text("a link is on its way", seconds=30)
        self.look("forgotten-sent")
        browser.open(self.server.link_to(INES, "new-password"))
        self.look("new-password")
        self.go("/new-password/nothing")
        self.look("dead-link")
        browser.console()
        self.judged()

    def test_2_a_persons_own_pages(self):
        browser = self.browser
        self.sign_in(BERTA)
        self.look("me-without-roles")
        browser.field("Domain of the account").type(self.server.domain)
        browser.field("Why").type("I count the switches in Rotterdam.")
        browser.button("Ask for access").click()
        browser.wait_for_text("its administrators were told", seconds=30)
        self.look("me-noted")
        ask = browser.find("form[action='/me/accounts']")
        ask.find("[name=account_name]").type("Lindqvist Marine")
        browser.field("Domain").type("no domain")
        ask.find("button").click()
        browser.wait_for("[aria-invalid]", seconds=30)
        self.look("me-refused")
        browser.console()  # the browser notes a refusal as an error
        ask = browser.find("form[action='/me/accounts']")
        browser.field("Domain").type("lindqvist.example")
        ask.find("button").click()
        browser.wait_for_text("The account is asked for", seconds=30)
        self.go("/me/tokens")
        self.look("me-tokens-none")
        browser.open(self.server.link_to(BERTA, "approval"))
        self.look("approval")
        self.sign_in(INES)
        self.go("/me/authenticator")
        self.look("me-authenticator")
        secret = browser.find("#secret").text.replace(" ", "")
        code = ["oathtool", "--totp", "--base32", secret]
        browser.field("Code").type(subprocess.run(code, check=True, capture_output=True, text=True).stdout.strip())
        browser.button("Confirm").click()
        browser.wait_for_text("Your recovery codes", seconds=30)
        self.look("me-recovery")
        type(self).code = browser.find("main pre, main ol li, main li").text.split()[0]
        self.go("/me/tokens")
        browser.field("Name").type("Night job")
        for box in browser.find_all("main form [type=checkbox]"):
            if not box.property("checked"):
                box.click()
        browser.button("Make the token and show it").click()
        self.server.secret = browser.wait_for("#token-text", seconds=30).text
        self.look("me-token-made")
        self.open_all()
        self.look("me-token-revoke")
        self.go("/me/sign-in")
        browser.button("Remove the app…").click()
        self.look("me-remove-app")
        self.judged()

    def open_all(self):
        """Opens what is folded on a page, and its first dialogue."""
        self.browser.script("""
            for (const fold of document.querySelectorAll("main details")) fold.open = true;
            document.querySelector("main .dialogue[popover]")?.showPopover();""")

    def test_3_every_page_by_its_address(self):
        browser = self.browser
        account = f"/accounts/{self.server.account}"
        api = self.server.api
        self.go(f"{account}/tokens")
        browser.find("form [name='description']").type("For the docks")
        browser.find("form:has([name='description']) button").click()
        browser.wait_for_text("scrip-agent trust idtoken", seconds=30)
        self.look("token-made")
        self.go(f"{account}/api-clients")
        self.look("api-clients-none")
        browser.find("form [name='name']").type("Nightly")
        browser.button("Make the client and show its secret").click()
        browser.wait_for("pre", seconds=30)
        self.look("api-client-made")
        clients = api(f"{account}/api-clients")["items"]
        pools = api(f"{account}/pools?limit=200")["items"]
        grants = api(f"{account}/grants")["items"]
        places = {
            "account": self.server.account,
            "pool": min(pools, key=lambda pool: pool["balance"])["id"],
            "instance": api(f"{account}/instances")["items"][0]["id"],
            "token": api(f"{account}/tokens")["items"][0]["id"],
            "virtual_account": api(f"{account}/virtual-accounts")["items"][-1]["id"],
            "grant": next(one["id"] for one in grants if one["email"] != INES),
            "api_client": clients[0]["id"],
            "person": grants[0]["person"],
        }
        house = api("/grants", {"email": "sven@northwind.example", "role": "support"})["id"]
        for pattern in patterns():
            if re.search("{word}|^/second-factor|^/me/prove", pattern):
                continue  # the other tests open these
            named = dict(places, grant=house) if pattern.startswith("/grants") else places
            path = re.sub(r"{(\w+)}", lambda found: named[found[1]], pattern)
            self.go(path)
            self.assertNotIn("There is no such page", browser.text, pattern)
            self.look(re.sub(r"\W+", "-", pattern).strip("-"))
            if browser.has("main details, main .dialogue[popover]"):
                self.open_all()
                self.look(re.sub(r"\W+", "-", pattern).strip("-") + "-open")
        self.judged()

    def test_4_what_is_refused_empty_or_open(self):
        browser = self.browser
        account = f"/accounts/{self.server.account}"
        self.go(f"{account}/no-such-page")
        self.look("absent")
        browser.console()  # the browser notes a refusal as an error
        self.go(f"{account}/tokens")
        browser.find("form [name='expires_after_days']").type("500")
        browser.find("form:has([name='description']) button").click()
        browser.wait_for("[aria-invalid]", seconds=30)
        self.look("token-refused")
        self.go(f"{account}/virtual-accounts")
        browser.find("form [name='name']").type("Quays")
        browser.find("form [name='tags']").type("no tag")
        browser.button("Make the virtual account").click()
        browser.wait_for("[aria-invalid]", seconds=30)
        self.look("virtual-account-refused")
        self.go("/terms")
        browser.find("form [name='title']").type("Terms of Northwind")
        browser.find("form [name='text']").type("Be fair. " * 60)
        browser.button("Look at it before it is published").click()
        browser.wait_for_text("Publishing blocks every account", seconds=30)
        self.look("terms-preview")
        self.go(f"{account}/events?actor=nobody")
        self.look("events-none")
        self.go(account)
        for at, menu in enumerate(browser.find_all("details.menu")):
            menu.find("summary").click()
            self.look(f"menu-{at}", menu)
            menu.find("summary").click()
        browser.window_size(*SIZES[1])
        browser.find(".menu-button").click()
        browser.screenshot(SHOTS / "rail-390-light.png")
        for said in browser.script(RUN, browser.find("#rail"), "light"):
            self.wrong[f"the rail: {said}"] = ["390 light"]
        browser.console()
        # An account in which nothing was done yet, with a name of the longest kind.
        name = "Vereinigte Schifffahrts- und Hafenbetriebsgesellschaft Łódź-Αθήνα العربية mit beschränkter Haftung"
        new = self.server.api("/accounts", {"name": name, "domain": "hafen.example"})
        for part in ("", "/alarms", "/tokens", "/people", "/virtual-accounts", "/events", "/properties"):
            self.go(f"/accounts/{new['id']}{part}")
            self.look("new-account" + part.replace("/", "-"))
        self.judged()

    def test_5_proofs(self):
        browser = self.browser
        browser.forget_cookies()
        self.go("/sign-in")
        browser.field("E-mail").type(INES)
        browser.field("Password").type(PASSWORD)
        browser.button("Sign in").click()
        browser.wait_for_text("Your second factor", seconds=30)
        self.look("second-factor")
        browser.field("Code").type(self.code)
        browser.button("Go on").click()
        browser.wait(lambda: "/second-factor" not in browser.url, 30, "the page after the proof")
        self.go("/me/prove?next=%2Fme%2Fsign-in")
        self.look("me-prove")
        self.judged()

    def test_6_a_person_chooses_theme_zone_and_dates(self):
        browser = self.browser
        ground = "return getComputedStyle(document.body).backgroundColor"
        self.go("/me")
        light = browser.script(ground)
        browser.find("#theme-dark").click()
        browser.find("#dates-iso").click()
        browser.field("Time zone").type("asia/tokyo")
        browser.find("form[action='/me'] button").click()
        browser.wait_for_text("preferences are saved", seconds=30)
        self.assertEqual(browser.find("html").attribute("data-theme"), "dark")
        self.assertNotEqual(browser.script(ground), light)
        self.assertEqual(browser.field("Time zone").property("value"), "Asia/Tokyo")
        self.look("me-chosen-dark")
        self.go(f"/accounts/{self.server.account}/events")
        shown = browser.find("tbody time")
        self.assertRegex(shown.text, r"^20\d\d-\d\d-\d\d, \d\d:\d\d:\d\d JST$")
        self.assertTrue(shown.attribute("title").endswith("JST, in Asia/Tokyo"))
        self.go("/me")
        for choice in ("#theme-system", "#dates-day_first"):
            browser.find(choice).click()
        browser.field("Time zone").type("Nowhere/Else")
        browser.find("form[action='/me'] button").click()
        browser.wait_for("[aria-invalid]", seconds=30)
        self.look("me-zone-refused")
        browser.console()  # the browser notes a refusal as an error
        browser.field("Time zone").type("")
        browser.find("form[action='/me'] button").click()
        browser.wait_for_text("preferences are saved", seconds=30)
        self.assertEqual(browser.find("html").attribute("data-theme"), "system")
        self.judged()

    def test_7_lists_are_whole_on_paper(self):
        browser = self.browser
        account = f"/accounts/{self.server.account}"
        browser.window_size(720, 1000)  # the width of a sheet between its margins
        self.addCleanup(browser.color_scheme, "light")
        for path in (account, f"{account}/events", f"{account}/tokens", f"{account}/people", "/gallery"):
            browser.cdp("Emulation.setEmulatedMedia", media="print", features=[])
            self.go(path)
            missing = browser.script("""
                return [...document.querySelectorAll(".list thead th")]
                    .filter(head => !head.checkVisibility() && !head.closest("details")).map(head => head.textContent);""")
            self.assertEqual(missing, [], path)
            cut = [said for said in browser.script(MEASURE) if "list" in said or "wide" in said]
            self.assertEqual(cut, [], path)
            self.assertFalse(any(one.shown for one in browser.find_all(".top-bar, .rail, .facets")), path)
            name = re.sub(r"acct_\w+", "account", path).strip("/").replace("/", "-")
            browser.screenshot(SHOTS / f"print-{name}.png", part="page")
        self.assertEqual(browser.console_errors(), [])

    def test_8_no_page_was_left_out_and_nothing_came_from_elsewhere(self):
        known = [re.sub(r"{\w+}", "[^/]+", pattern) for pattern in patterns()]
        left = [one for one in known if not any(re.fullmatch(one, path) for path in self.walked)]
        self.assertEqual(left, [], "not walked")
        # The browser's own first page is none of ours.
        own = ("chrome:", "data:", self.server.url + "/")
        asked = [url for url in self.browser.requests() if not url.startswith(own)]
        self.assertEqual(asked, [], "asked of another host")
        print(f"{self.pictures} pictures")


if __name__ == "__main__":
    print(f"screenshots in {SHOTS}")
    plainly.run(EveryPage)
