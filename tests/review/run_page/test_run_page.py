"""The page of a run: the questions in their order, numbers that are those of the run, and no customer's id."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from browser import Browser, chromium
from patronage import names as c
from patronage.data.finding import DataFinding, Severity
from patronage.names import Artifact
from patronage.review.page.blocks import Cards, Facts, Table
from patronage.review.page.html import render
from patronage.review.run_page.run_page import run_page

pytestmark = pytest.mark.slow

QUESTIONS = [
    "What to expect", "Who they are", "Who is leaving, and why", "What they are worth", "Where they are", "What to do",
    "What changed since the champion", "What this data cannot show",
]  # fmt: skip


@pytest.fixture(scope="module")
def page(view):
    return run_page(view)


def section(page, title):
    return next(section for section in page.sections if section.title == title)


def test_it_answers_the_questions_in_their_order(page):
    assert [section.title for section in page.sections if section.title in QUESTIONS] == QUESTIONS


def test_the_choice_begins_with_personas_and_ends_with_who_has_none(view):
    some = view.assignments.copy()
    some[c.PERSONA] = some[c.PERSONA].astype(object)
    for row, (number, name) in enumerate([(c.UNKNOWN_ID, c.UNKNOWN), (c.NO_ORDER_ID, c.NO_ORDER)]):
        some.iloc[row, [some.columns.get_loc(column) for column in (c.PERSONA_ID, c.PERSONA)]] = number, name
    assert replace(view, assignments=some).personas == [*view.bundle.personas.names, c.NO_ORDER, c.UNKNOWN]


def test_it_is_one_small_file_without_ids_of_customers(page, view):
    html = render(page)
    assert len(html) < 2_500_000
    assert not any(f">{customer}<" in html or f'"{customer}"' in html for customer in view.features.index)


def test_what_is_severely_wrong_with_the_log_stands_on_top(view):
    finding = DataFinding(
        "transactions.amount", "amounts in 2 currencies", "they are added", "make them one", Severity.SEVERE
    )
    page = run_page(replace(view, findings=(finding,)))
    assert page.sections[0].blocks[0].text == f"Wrong with the log: {finding.line}"


def test_totals_are_those_of_the_assignments(page, view):
    facts = {fact.label: fact for block in section(page, "What to expect").blocks if isinstance(block, Facts)
             for fact in block.items}  # fmt: skip
    assert facts["known customers"].value == "400" if len(view.features) == 400 else f"{len(view.features):,}"
    assert facts["orders"].value == f"{view.assignments[c.EXPECTED_ORDERS].sum():,.0f}"
    assert facts["revenue"].value == f"{view.assignments[c.EXPECTED_SPEND].sum():,.0f} USD"


def test_last_time_the_verdict_follows_from_the_interval(page, view):
    table = next(block for block in section(page, "What to expect").blocks if isinstance(block, Table)).frame
    labels = view.measurement.holdout.evaluated.labels
    orders = table.set_index("total").loc["orders"]
    assert orders["actual"] == labels[c.ORDERS].sum()
    inside = orders["from"] <= orders["actual"] <= orders["to"]
    assert orders["verdict"] == ("inside" if inside else "outside")


def test_the_totals_of_personas_add_up_and_have_intervals(page, view):
    tables = [block for block in section(page, "What to expect").blocks if isinstance(block, Table)]
    table = next(block for block in tables if "persona" in block.frame)
    assert set(table.frame["persona"]) == set(view.buyers[c.PERSONA])
    assert table.frame["revenue"].sum() == pytest.approx(view.buyers[c.EXPECTED_SPEND].sum())
    assert table.frame["revenue, 80% interval"].str.fullmatch(r"[\d,]+ to [\d,]+").all()
    assert "of the personas' totals of orders and" in table.caption


def test_there_is_a_card_for_each_persona_and_their_customers_add_up(page, view):
    cards = next(block for block in section(page, "Who they are").blocks if isinstance(block, Cards)).items
    assert [card.group for card in cards] == view.personas
    assert sum(int(card.facts[0].value.replace(",", "")) for card in cards) == len(view.assignments)


def test_personas_have_one_order_in_all_figures(page, view):
    stays = view.report.figures[Artifact.journey_figure_of(c.PERSONA)].axes[0].get_yticklabels()
    cards = next(block for block in section(page, "Who they are").blocks if isinstance(block, Cards)).items
    named = [card.title for card in cards]
    assert [text.get_text() for text in stays if text.get_text() in named] == named


def test_a_model_differs_from_itself_in_nothing(page):
    assert "0%" in section(page, "What changed since the champion").finding


def test_what_is_expected_of_horizons_of_other_lengths_is_not_compared(view):
    """A champion of 180 days and a model of 90 differed by half in the expected orders, and nothing told why."""
    other = section(
        run_page(replace(view, champion=replace(view.champion, horizon_days=180))), "What changed since the champion"
    )
    assert "looks 180 days ahead and this one 90: what they expect then is not compared" in other.finding
    totals = next(block for block in other.blocks if isinstance(block, Table))
    assert list(totals.frame["total"]) == ["value expected"]
    same = next(
        block for block in section(run_page(view), "What changed since the champion").blocks if isinstance(block, Table)
    )
    assert list(same.frame["total"]) == ["orders expected", "revenue expected", "value expected"]


def test_without_a_champion_or_a_holdout_it_says_so(view):
    page = run_page(replace(view, champion=None, measurement=None))
    assert "no champion of this log yet" in section(page, "What changed since the champion").finding
    html = render(page)
    assert "was not measured" in html


def test_the_shares_of_the_best_customers_are_those_of_the_value(page, view):
    value = np.sort(view.buyers[c.CLV].dropna().to_numpy())[::-1]
    fifth = value[: round(0.2 * len(value))].sum() / value.sum()
    assert f"the best fifth holds {fifth:.0%}" in section(page, "What they are worth").finding


@pytest.mark.skipif(chromium() is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_a_reader_sorts_chooses_and_sees(page, view, tmp_path, width):
    file = tmp_path / "report.html"
    file.write_text(render(page), encoding="utf-8")
    browser = Browser(tmp_path / "profile", width)
    try:
        browser.show(file, width)
        charts = browser.run("document.querySelectorAll('.chart').length")
        assert charts >= 8
        assert browser.run("document.querySelectorAll('.chart[data-drawn] svg').length") == charts
        assert browser.run("document.documentElement.scrollWidth") <= width

        # the card of a persona chooses it: the charts follow
        before = browser.run("[...document.querySelectorAll('.chart')].map(c => c.querySelector('.vega').innerHTML)")
        browser.run("document.querySelector('.card button').click()")
        time.sleep(1)
        after = browser.run("[...document.querySelectorAll('.chart')].map(c => c.querySelector('.vega').innerHTML)")
        assert browser.run("document.getElementById('choice').value") == view.personas[0]
        assert sum(x != y for x, y in zip(before, after, strict=True)) >= 3

        # a click on a heading sorts the table by it, largest first
        script = (
            "(() => { const t = [...document.querySelectorAll('table')].find(t => t.caption && "
            "t.caption.innerText.startsWith('Bands of risk')); t.querySelectorAll('th button')[1].click(); "
            "return [...t.tBodies[0].rows].map(r => Number(r.children[1].dataset.key)); })()"
        )
        customers = browser.run(script)
        assert customers == sorted(customers, reverse=True)
    finally:
        browser.close()
