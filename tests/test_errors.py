from __future__ import annotations

import pytest

from patronage import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError, 2),
        (errors.DataError, 1),
        (errors.FitError, 1),
        (errors.GateError, 1),
        (errors.TrackingError, 1),
        (errors.OutputError, 1),
    ],
)
def test_every_error_has_one_root_and_an_exit_code(error, code):
    assert issubclass(error, errors.PatronageError)
    assert error.exit_code == code


def test_an_example_that_could_identify_a_customer_is_shown_only_for_debugging(monkeypatch):
    monkeypatch.delenv("PATRONAGE_DEBUG", raising=False)
    assert errors.in_brackets("anna@example.com") == ""
    assert errors.in_brackets(-5, harmless=True) == " (such as -5)"
    monkeypatch.setenv("PATRONAGE_DEBUG", "1")
    assert errors.in_brackets("anna@example.com") == " (such as 'anna@example.com')"
