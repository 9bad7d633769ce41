"""How messages name settings, on the command line and in Python."""

from __future__ import annotations

import pytest

from patronage.data.keys import CONF, KEYWORDS


@pytest.mark.parametrize(
    ("method", "arguments", "in_conf", "in_python"),
    [
        ("setting", ("on_bad_rows",), "data.on_bad_rows", "on_bad_rows"),
        ("setting", ("on_bad_rows", "fail"), "data.on_bad_rows=fail", 'on_bad_rows="fail"'),
        ("setting", ("pseudonymise", True), "data.pseudonymise=true", "pseudonymise=True"),
        ("setting", ("money_decimals", 0), "data.money_decimals=0", "money_decimals=0"),
        ("option", ("transactions", "date_format"), "data.transactions.date_format", "date_format"),
        ("option", ("transactions", "date_format", "%d"), "data.transactions.date_format=%d", 'date_format="%d"'),
        ("option", ("events", "date_format", "%d"), "data.events.date_format=%d", 'date_format={"events": "%d"}'),
        ("option", ("events", "vocabulary"), "data.events.vocabulary", "vocabulary"),
        ("option", ("transactions", "path", "é.csv"), "data.transactions.path=é.csv", 'source="é.csv"'),
        ("option", ("customers", "path"), "data.customers.path", "customers"),
        ("entry", ("customers", "attributes", "age"), "data.customers.attributes.age", 'attributes["age"]'),
        ("column", ("transactions", "amount"), "data.transactions.columns.amount=...", 'amount="..."'),
        ("column", ("transactions", "amount", 'a"b'), 'data.transactions.columns.amount=a"b', 'amount="a\\"b"'),
        ("column", ("events", "event"), "data.events.columns.event=...", 'events_columns={"event": "..."}'),
    ],
)
def test_a_setting_is_named_as_its_user_gave_it(method, arguments, in_conf, in_python):
    assert getattr(CONF, method)(*arguments) == in_conf
    assert getattr(KEYWORDS, method)(*arguments) == in_python
