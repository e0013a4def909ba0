from collections.abc import Iterator
from pathlib import Path

import pytest

from netraven.lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A running Lab without any device: the test adds what it needs."""
    with Lab(tmp_path, []) as running:
        yield running
