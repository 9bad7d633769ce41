from __future__ import annotations

import pandas as pd
import pytest

from described_columns import undescribed
from patronage.analyses.contract import Drawing, Result
from planted_shop import planted_view


@pytest.fixture(scope="session")
def planted():
    return planted_view()


@pytest.fixture(scope="session", autouse=True)
def _every_column_is_described():
    """No test may add a table with a column of which the documents tell nothing."""
    add = Result.add

    def described(self: Result, name: str, table: pd.DataFrame, drawing: Drawing | None = None) -> None:
        lacking = undescribed(table)
        assert not lacking, f"docs/practice.md has no line for {', '.join(lacking)} of the table {name}"
        add(self, name, table, drawing)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Result, "add", described)
        yield
