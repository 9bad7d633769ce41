"""A run is trained again from its own artifacts: on other threads, with the rows of its file in another order."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from patronage.jobs.reproduce import _differences

SMALL = (
    "data=tables", "cutoff=2023-07-01", "horizon_days=90", "origins.most=1", "personas.k=3", "personas.bootstraps=3",
    "churn.max_rounds=20", "churn.season=false", "journey.cadence_classes=1", "evaluation.bootstraps=20",
)  # fmt: skip


def test_what_differs_is_named_with_its_customers(fitted):
    frame = fitted.features
    assert _differences(frame, frame) == []
    other = frame.copy()
    other.iloc[3, other.columns.get_loc("n_orders")] += 1
    assert _differences(frame, other) == [f"n_orders of 1 of {len(frame)} customers"]
    assert _differences(frame.iloc[1:], frame)[0].startswith("399 customers then, 400 now")


@pytest.mark.slow
def test_it_holds_on_other_threads_and_with_rows_in_another_order(patronage, project, shop):
    shop.to_parquet("log.parquet", index=False)
    customers = shop["customer_id"].drop_duplicates().sort_values()
    days = pd.date_range("2023-06-24", "2023-06-30")
    sent = customers.iloc[::2].to_frame().merge(pd.DataFrame({"occurred_at": days}), how="cross")
    sent.assign(event="message_sent").to_parquet("sent.parquet", index=False)  # who had enough of them gets no action
    log = ("data.transactions.path=log.parquet", "data.events.path=sent.parquet")
    code, out, err = patronage("train", *SMALL, *log, "threads=1", "name=first", "seed=0")
    assert code == 0, err
    shop.sample(frac=1, random_state=1).to_parquet("log.parquet", index=False)
    code, out, err = patronage("reproduce", "run=first", "threads=2")
    assert code == 0, err
    assert "it holds     400 customers: every feature and every assignment is the same, bit for bit" in out
    shop.assign(amount=shop["amount"] + 1).to_parquet("log.parquet", index=False)
    code, _, err = patronage("reproduce", "run=first")
    assert (code, "the data is not what the run read" in err) == (1, True)


def test_a_wide_frame_is_compared_without_a_warning():
    """Of a frame in more than a hundred parts pandas warned in the output of the command."""
    frame = pd.DataFrame({"label": pd.Categorical(["a", "b"])}, index=["anna", "ben"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(120):
            frame[f"n_{n}"] = float(n)
        warnings.simplefilter("error")
        assert _differences(frame, frame) == []
