"""Only touchpoints in sessions before the cutoff are read, and of a sample whole customers."""

from __future__ import annotations

from datetime import datetime

from patronage.models.sessions import read_clickstream

CUTOFF = datetime(2024, 3, 1)


def test_only_sessions_of_customers_before_the_cutoff(clickstream):
    assert clickstream.customers.tolist() == ["anna", "ben"]
    assert clickstream.touchpoints["session"].unique().tolist() == ["s1", "s2", "s3", "s4"]
    assert clickstream.orders["paid"].tolist() == [20.0, 30.0]
    assert (clickstream.touchpoints["at"] < 0).all()


def test_a_source_without_sessions_has_none(by_hand):
    assert read_clickstream(by_hand, CUTOFF) is None


def test_a_sample_has_all_touchpoints_of_its_customers(tables, clickstream):
    samples = [read_clickstream(tables, CUTOFF, most_events=most) for most in range(1, 6)]
    sizes = {len(sample.customers) for sample in samples}
    assert sizes & {0, 1}  # some leave a customer out
    for sample in samples:
        for position, customer in enumerate(sample.customers):
            number = (sample.touchpoints["customer"] == position).sum()
            whole = clickstream.customers.get_loc(customer)
            assert number == (clickstream.touchpoints["customer"] == whole).sum()
