from __future__ import annotations

import pytest

from planted_shop import planted_view


@pytest.fixture(scope="session")
def planted():
    return planted_view()
