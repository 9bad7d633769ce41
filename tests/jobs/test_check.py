"""`patronage check` as a user runs it, with lenses of the user's own."""

from __future__ import annotations

import pytest

from patronage.jobs.check import _models

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


def test_all_findings_stand_in_a_table_of_a_hundred_columns_and_on_a_page(check, project, shop):
    broken = shop.astype({"ordered_at": object})
    broken.loc[3, "amount"] = float("nan")
    broken.loc[5, "customer_id"] = "NULL"
    broken.loc[len(broken)] = ["c<b>9</b>", "2031-01-05", 5.0]
    broken.to_csv(project / "orders.csv", index=False)
    code, out, err = check("output=report.html")
    assert code == 1
    assert err.startswith("patronage: training would refuse this log: transactions.")
    assert "and 1 more (see above)" in err
    assert max(map(len, out.splitlines())) <= 100
    assert out.index("refused   transactions.customer_id") < out.index("severe    transactions.ordered_at")
    page = (project / "report.html").read_text()
    assert "a word for a missing value" in page
    assert "c<b>9" not in page
    assert 'src="http' not in page


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (slice(1), "the log has 1 customer; training expects 50"),
        (slice(40), "customers; training expects 50"),
        (slice(None), "the log covers 1 day; training expects 67"),
    ],
)
def test_a_log_of_too_little_is_named(check, project, shop, rows, what):
    shop = shop.sort_values("customer_id").iloc[rows]
    if rows == slice(None):
        shop = shop.assign(ordered_at="2024-01-05", amount=range(len(shop)))
    shop.to_csv(project / "orders.csv", index=False)
    code, out, err = check()
    assert code == 0, err  # a small sample may be checked
    assert what in " ".join(out.split())
    assert "nothing is wrong" not in out


def test_a_sound_log_exits_with_zero_and_a_page_replaces_only_a_page(check, project):
    assert check("output=report.html")[0] == check("output=report.html")[0] == 0
    (project / "mine.html").write_text("<p>mine</p>")
    code, _, err = check("output=mine.html")
    assert (code, "was not written by patronage check" in err) == (1, True)
    assert (project / "mine.html").read_text() == "<p>mine</p>"


def test_a_path_with_brackets_needs_no_quotes(patronage, project, shop):
    shop.to_csv(project / "orders (1).csv", index=False)
    code, out, err = patronage("check", "data=tables", "data.transactions.path=orders (1).csv")
    assert (code, "the data keeps the contract" in out) == (0, True), err


def test_customers_whose_refund_undid_a_purchase_have_refunds(by_hand):
    assert dict(_models(by_hand))["refunds"] == "1 customers have some"
