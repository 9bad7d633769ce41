"""`patronage check` as a user runs it, with lenses of the user's own."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def check(patronage, project, shop):
    shop.to_csv(project / "orders.csv", index=False)

    def check(*arguments):
        return patronage("check", "data=tables", "data.transactions.path=orders.csv", *arguments)

    return check


def test_an_honest_lens_sees_no_future(check):
    code, out, err = check("lenses.own=[own_lenses.HONEST]")
    assert code == 0, err
    assert "lens size         sees no future" in out
    assert "How large is the largest order?" in out


def test_a_leaking_lens_fails_with_one_line(check):
    code, out, err = check("lenses.own=[own_lenses.HONEST,own_lenses.LEAKING]", "cutoff=2023-01-01")
    assert code == 1
    assert "lens size         sees no future" in out
    assert "lens ever         sees the future: n_lines_ever of " in out
    assert err.startswith("patronage: lenses.own=own_lenses.LEAKING sees the future: n_lines_ever of ")
    assert "when rows at or after 2023-01-01 were altered" in err
    assert err.count("\n") == 1


def test_a_lens_that_does_not_import_is_a_usage_error(check):
    code, _, err = check("lenses.own=[no_such_package.LENS]")
    assert code == 2
    assert "lenses.own=no_such_package.LENS cannot be imported" in err
