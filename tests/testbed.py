"""Where the test bed is needed: without it a test is skipped, or fails where it is expected (SPECREC_TESTBED=1)."""

import os

import pytest

from specrec import testbed
from specrec.testbed import Testbed


def required() -> Testbed:
    """Return the test bed; without it the running test ends here, skipped or failed."""
    found = testbed.find()
    if found is None:
        reason = "There is no test bed: make testbed-fetch"
        if os.environ.get("SPECREC_TESTBED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
