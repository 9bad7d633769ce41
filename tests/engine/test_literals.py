from __future__ import annotations

import pytest

from patronage.engine import DuckDB, number, text, texts

ENGINE = DuckDB(threads=1)


@pytest.mark.parametrize("value", ["", "plain", "it's", "''", "\\n", "é"])
def test_any_text_is_a_literal(value):
    assert ENGINE.row(f"SELECT {text(value)}") == (value,)


@pytest.mark.parametrize(("values", "contained"), [(["a", "it's"], True), (["b"], False), ([], None)])
def test_texts_stand_within_in(values, contained):
    """Nothing is in an empty list."""
    assert ENGINE.row(f"SELECT 'a' IN ({texts(values)})") == (contained,)


@pytest.mark.parametrize("value", [0.1, 1 / 3, -2.5, 1e300, 0.0])
def test_a_number_is_a_double_to_the_last_bit(value):
    assert ENGINE.row(f"SELECT {number(value)}, typeof({number(value)})") == (value, "DOUBLE")
