#!/usr/bin/python3
"""The demo, as a new user starts it: a whole company by itself, counted in one JSON object.
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import plainly  # noqa: E402

SCRIP = sys.argv.pop(1) if len(sys.argv) > 1 else "target/release/scrip"


def demo(*arguments, lasts="20s"):
    command = [SCRIP, "demo", "--port", "0", "--for", lasts, "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class TheDemo(unittest.TestCase):
    def test_it_ends_by_itself_and_counts_what_happened(self):
        shown = demo()
        self.assertGreaterEqual(shown["product_instances"], 200)
        self.assertEqual((shown["virtual_accounts"], shown["licenses"]), (5, 20))
        self.assertGreaterEqual(shown["reports_acknowledged"], 400)
        self.assertGreaterEqual(shown["pools_short"], 1)
        self.assertGreaterEqual(shown["alarms_open"], 1)
        self.assertLess(shown["pools_short"], shown["pools"])

    def test_a_second_start_on_the_same_folder_goes_on_where_it_was(self):
        with tempfile.TemporaryDirectory(prefix="scrip-demo-") as folder:
            first = demo("--data", folder, "--devices", "30", lasts="8s")
            second = demo("--data", folder, "--devices", "30", lasts="8s")
        self.assertEqual((first["product_instances"], second["product_instances"]), (30, 30))
        self.assertEqual(first["pools"], second["pools"])
        self.assertGreater(second["reports_acknowledged"], first["reports_acknowledged"])

    def test_an_interrupt_ends_it_cleanly(self):
        command = [SCRIP, "demo", "--port", "0", "--json", "--devices", "10"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=40)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(json.loads(out)["product_instances"], 10)


if __name__ == "__main__":
    plainly.run(TheDemo)
