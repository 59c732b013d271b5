#!/usr/bin/python3
"""The server ended by kill -9 under load: no acknowledged report is lost, none is counted twice.

30 times on SQLite and 10 on PostgreSQL; SCRIP_LONG=1 makes it ten times as many.
"""

import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import plainly  # noqa: E402

SCRIP = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "target/release/scrip")
TIMES = 10 if os.environ.get("SCRIP_LONG") else 1
POSTGRES = os.environ.get("SCRIP_TEST_POSTGRES")


def kills(cycles, *arguments):
    command = [SCRIP.with_name("scrip-kill"), SCRIP, "--cycles", str(cycles), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500)
    print(done.stdout, done.stderr, sep="", end="", flush=True)
    return done


class Kills(unittest.TestCase):
    def check(self, done, cycles):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{cycles} kills", done.stdout)
        acknowledged = int(done.stdout.split(" reports acknowledged")[0].rsplit(" ", 1)[1])
        self.assertGreater(acknowledged, 10 * cycles)

    def test_on_sqlite(self):
        self.check(kills(30 * TIMES), 30 * TIMES)

    @unittest.skipUnless(POSTGRES, "SCRIP_TEST_POSTGRES names no database")
    def test_on_postgres(self):
        base, _ = POSTGRES.rsplit("/", 1)
        name = f"scrip_kills_{os.getpid()}"
        subprocess.run(["psql", "-q", POSTGRES, "-c", f"CREATE DATABASE {name}"], check=True)
        try:
            self.check(kills(10 * TIMES, "--postgres", f"{base}/{name}"), 10 * TIMES)
        finally:
            subprocess.run(["psql", "-q", POSTGRES, "-c", f"DROP DATABASE {name} WITH (FORCE)"], check=False)


if __name__ == "__main__":
    plainly.run(Kills)
