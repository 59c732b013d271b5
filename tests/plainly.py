"""Runs a step's tests and closes with the plain line that `./test` counts.

Not here: any test. A step imports this and calls `plainly.run(ATestCase, …)` at its end.
"""

import sys
import unittest


def run(*cases):
    """Runs the test cases, prints `N passed, N failed, N skipped`, and ends the process."""
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(load(case) for case in cases)
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2)
    result = runner.run(suite)
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    good = max(0, result.testsRun - bad - skipped)
    print(f"{good} passed, {bad} failed, {skipped} skipped", flush=True)
    sys.exit(0 if bad == 0 and result.testsRun > 0 else 1)
