"""When it is."""

from typing import Any

import pytest
import time_machine

from tests.pages.staleness.records import NOW


@pytest.fixture(autouse=True)
def eight_o_clock(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield
