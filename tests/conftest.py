"""What every test stands on: --slow, and Hypothesis without a stop-watch."""

import os

import pytest
from hypothesis import settings

# A busy machine is no failure. In CI the examples are the same in each run: a red run can be run again.
settings.register_profile("seqtag", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("seqtag")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))
