"""Each kind of page as a reader meets it, in a browser: clicked, sorted, opened, by keyboard, narrow, in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from browser import Browser, chromium
from conftest import through_the_door
from patronage.analyses.contract import Drawing
from patronage.data.finding import DataFinding, Severity
from patronage.review import comparison_page, data_page
from patronage.review.analysis_charts import charts_of
from patronage.review.analysis_figures import draw
from patronage.review.backtest_page import with_backtest_page
from patronage.review.page import charts
from patronage.review.page.blocks import Chart, Page, Section, Table
from patronage.review.page.html import render
from patronage.review.record import RunRecord
from patronage.review.record_page import with_record_page

pytestmark = [pytest.mark.slow, pytest.mark.skipif(chromium() is None, reason="needs Chromium")]

KINDS = ("compare", "backtest", "analyse", "check")
# the cells of the first table with three rows or more, by a column of numbers, as they stand
COLUMN = """
(() => { const t = [...document.querySelectorAll("table")].find(
  t => t.tBodies[0].rows.length > 2 && t.querySelector("th.n button") && t.checkVisibility());
  const n = [...t.querySelectorAll("th")].findIndex(h => h.classList.contains("n"));
  window.heading = t.querySelectorAll("th")[n]; return [...t.tBodies[0].rows].map(r => r.children[n].dataset.key); })()
"""
# what stands out of its box: a scrolling box at 390 pixels, or a legend beyond its figure
CUT = """
[...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1).length +
[...document.querySelectorAll(".chart svg")].filter(s => [...s.querySelectorAll("text")].some(
  t => t.textContent && (t.getBoundingClientRect().right > s.getBoundingClientRect().right + 1 ||
                         t.getBoundingClientRect().left < s.getBoundingClientRect().left - 1))).length
"""
CONTRAST = """
(() => { const part = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255).map(
    x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const back = part(getComputedStyle(document.querySelector("section")).backgroundColor);
  return Math.min(...[...document.querySelectorAll(".finding, caption, th button, td, figcaption, summary")].filter(
    e => !e.querySelector(".mark")).map(e => {
    const ink = part(getComputedStyle(e).color);
    return (Math.max(ink, back) + .05) / (Math.min(ink, back) + .05); })); })()
"""


def backtest() -> str:
    rows = [
        {"origin": f"2023-0{month}-01", "model": model, "holdout": "later_seen", "metric": metric,
         "value": 0.4 + 0.01 * month, "low": -0.2, "high": -0.1, "baseline": "bg_nbd"}
        for month in (1, 4, 7) for model in ("shipped", "bg_nbd", "mbg_nbd", "pareto_nbd")
        for metric in ("churn/log_loss", "orders/rmse", "spend/rmse")
    ]  # fmt: skip
    ratios = pd.DataFrame({"origin": ["2023-01-01", "2023-04-01", "2023-07-01"], "churn/log_loss": [0.9, 1.1, 1.0]})
    record = RunRecord(kind="backtest", name=None, started_ms=0,
                       tables={"backtest.json": pd.DataFrame(rows), "ratios.json": ratios})  # fmt: skip
    headlines = dict.fromkeys(("churn/log_loss", "orders/rmse", "spend/rmse"), False)
    return with_backtest_page(record, "shop: backtest", headlines).texts["report.html"]


def analyse() -> str:
    frame = pd.DataFrame({
        "label": ["a long name_of_something that customers did in their first days", "b", "c"],
        "customers": [30, 700, 41], "share": [0.1, 0.3, 0.2], "value": [0.1, -0.2, 0.0], "low": [0.0, -0.3, -0.1],
        "high": [0.2, -0.1, 0.1],
    })  # fmt: skip
    points = frame.assign(group=["order", "order", "visit"], x=[0, 1, 0], value=0.2, low=0.1, high=0.3)
    pairs = pd.DataFrame({"segment": ["gold"], "has": ["tea"], "offer": ["a_cup"], "lift": [2.5], "candidates": [4]})
    grid = pd.DataFrame({"row": ["a", "b"], "column": ["x", "y"], "value": [0.2, 0.5]})
    drawings = {
        "acts": Drawing("forest", frame, "Those who did an_act order more", "difference of the share; 95% interval"),
        "retention": Drawing("lines", points, "20% come back", "periods of 30 days"),
        "cross_sell": Drawing("pairs", pairs, "Who buys this, and not yet that"),
        "grid": Drawing("shares", grid, "a picture", "columns"),
    }
    charts = charts_of(drawings)
    assert set(charts) == set(drawings)  # no figure is a picture, which a phone would cut
    assert charts["acts"].title == "Those who did an act order more"  # in words, as its finding
    tables = {"acts.json": frame, "retention.json": points, "cross_sell.json": pairs, "grid.json": grid,
              "sizes.json": frame[["label", "customers"]]}  # fmt: skip
    figures = {f"{name}.png": draw(drawing) for name, drawing in drawings.items()}
    record = RunRecord(kind="analysis", name=None, started_ms=0, figures=figures, tables=tables)
    chapters = [("What goes along?", "a does", ["sizes.json", "acts.json"])]
    page = with_record_page(record, "shop: analyses", ["nps: the log has none"], "1 answer", chapters, charts)
    return page.texts["report.html"]


def check(shop: pd.DataFrame) -> str:
    tables = through_the_door(shop)
    lenses = pd.DataFrame(
        [[f"lens {n}", state, "Who is it?", "events.channel, events:message_sent"] for n, state in
         enumerate(("available", "partial", "absent"))],
        columns=["lens", "state", "question", "would need"],
    )  # fmt: skip
    lenses["customers"] = [3, 20, 10]
    found = [DataFinding("transactions.amount", "3 rows", "bends all", "mend it", Severity.SEVERE)]
    months = pd.DataFrame({"month": ["2022-01", "2022-02", "2022-03"], "rows": [1000, 1234, 7]})
    return render(data_page.data_page(data_page.DataView(tables, found, lenses, [("clv", "400 buyers")], months)))


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser") / "profile")
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=KINDS)
def file(request, tmp_path_factory) -> Path:
    if request.param == "compare":
        page = comparison_page.render(request.getfixturevalue("comparison"))
    elif request.param == "check":
        page = check(request.getfixturevalue("shop"))
    else:
        page = {"backtest": backtest, "analyse": analyse}[request.param]()
    place = tmp_path_factory.mktemp("pages") / f"{request.param}.html"
    place.write_text(page, encoding="utf-8")
    return place


def numbers(cells: list[str]) -> list[float]:
    return [float(cell) for cell in cells if cell]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_and_every_figure_is_drawn(browser, file, width):
    browser.show(file, width)
    assert browser.run("document.documentElement.scrollWidth") <= width
    charts = browser.run("document.querySelectorAll('.chart').length")
    assert browser.run("document.querySelectorAll('.chart[data-drawn] svg').length") == charts
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.run("document.documentElement.scrollWidth") <= width
    if width == 390:
        assert browser.run(CUT) == 0


def test_a_click_and_then_the_keyboard_sort_a_table(browser, file):
    browser.show(file, 1280)
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    before = numbers(browser.run(COLUMN))
    browser.run("window.heading.querySelector('button').click()")
    assert numbers(browser.run(COLUMN)) == sorted(before, reverse=True)
    assert browser.run("window.heading.getAttribute('aria-sort')") == "descending"
    browser.run("window.heading.querySelector('button').focus()")
    browser.press("Enter", 13, "\r")
    assert numbers(browser.run(COLUMN)) == sorted(before)
    assert browser.run("window.heading.getAttribute('aria-sort')") == "ascending"


def test_a_fold_opens_by_keyboard_and_shows_what_it_holds(browser, file):
    browser.show(file, 1280)
    if not browser.run("document.querySelectorAll('details').length"):
        pytest.skip("this page folds nothing")
    shown = "document.querySelector('details').children[1].checkVisibility()"
    assert browser.run(shown) is False
    browser.run("document.querySelector('summary').focus()")
    browser.press("Enter", 13, "\r")
    assert browser.run(shown) is True


def test_a_long_rule_is_no_column_of_single_words_on_a_phone(browser, tmp_path):
    rules = pd.DataFrame({"persona": ["frequent"], "rule": ["days with an order in the last 90 days " * 6],
                          "customers with it": [0.2], "of the persona": [0.9]})  # fmt: skip
    file = tmp_path / "rules.html"
    file.write_text(render(Page("t", "s", [Section("q", "f", [Table(rules)])])), encoding="utf-8")
    browser.show(file, 390)
    assert browser.run("[...document.querySelectorAll('td')].every(td => td.clientWidth > 300)")
    names = "[...document.querySelectorAll('td')].map(td => getComputedStyle(td, '::before').overflowWrap)"
    assert set(browser.run(names)[1:]) == {"normal"}  # no label is broken within a word


def test_every_link_leads_to_its_section(browser, file):
    browser.show(file, 1280)
    links = browser.run("[...document.querySelectorAll('nav a')].map(a => [a.innerText, a.getAttribute('href')])")
    for words, link in links:
        assert browser.run(f"document.querySelector('{link} h2').innerText") == words


def test_on_a_phone_a_table_is_a_list_only_where_it_does_not_fit(browser, tmp_path):
    wide = pd.DataFrame({f"a column of a long name {n}": [n, n + 1] for n in range(6)})
    small = pd.DataFrame({name: ["1", "2"] for name in "abcd"})
    file = tmp_path / "tables.html"
    file.write_text(render(Page("t", "s", [Section("q", "f", [Table(wide), Table(small)])])), encoding="utf-8")
    lists = "[...document.querySelectorAll('table')].map(t => getComputedStyle(t).display === 'block')"
    browser.show(file, 390)
    assert browser.run(lists) == [True, False]
    browser.show(file, 1280)
    assert browser.run(lists) == [False, False]
    assert browser.run("document.querySelectorAll('.scroll[tabindex=\"0\"]').length") == 0


def bars_page(folder: Path) -> Path:
    rows = pd.DataFrame({"action": ["win back", "upgrade"], "profit": [1_500_000.0, 131.0]})
    loss = pd.DataFrame({"action": ["win back", "upgrade"], "profit": [-145_500.0, 131.0]})
    spread = pd.DataFrame({"of": ["a", "b"], "low": [1.0, 2.0], "mid": [2.0, 3.0], "high": [3.0, 4.0]})
    drawn = [Chart("", charts.bars(of, "action", "profit", "profit, EUR"), "bars") for of in (rows, loss)]
    drawn.append(Chart("", charts.intervals(spread, "of", "low", "mid", "high", "orders"), "intervals"))
    file = folder / "bars.html"
    file.write_text(render(Page("bars", "", [Section("Bars", "", drawn)])), encoding="utf-8")
    return file


def test_the_number_at_the_end_of_a_bar_is_not_cut(browser, tmp_path):
    browser.show(bars_page(tmp_path), 390)
    assert browser.run(CUT) == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_the_names_of_a_legend_stand_whole(browser, tmp_path, width):
    names = ["occasional, away for a while, high-spending", "one-time, lapsed, low-spending", "frequent, active",
             "occasional, quiet, low-spending", "one-time, small-basket, mid-spending"]  # fmt: skip
    rows = pd.DataFrame([(day, name, 0.2) for day in ("2023-01-01", "2023-04-01") for name in names],
                        columns=["as of", "label", "share"])  # fmt: skip
    spec = charts.over_time(rows, "as of", "label", "share", "% of customers", percent=True)
    file = tmp_path / "legend.html"
    file.write_text(render(Page("legend", "", [Section("Legend", "", [Chart("", spec, "lines")])])), encoding="utf-8")
    browser.show(file, width)
    assert browser.run(CUT) == 0
    lines = "[...t.childNodes].map(line => line.textContent).join(' ')"  # of a name that needs several
    shown = browser.run(f"[...document.querySelectorAll('.role-legend-label text')].map(t => {lines})")
    assert shown == names


def test_intervals_are_stronger_in_the_dark(browser, tmp_path):
    weakest = (
        "Math.min(...[...document.querySelectorAll('.chart:last-of-type .mark-rule line')].map("
        "e => +getComputedStyle(e).opacity))"
    )
    file, shown = bars_page(tmp_path), {}
    for dark in (False, True):
        browser.show(file, 1280, dark=dark)
        shown[dark] = browser.run(weakest)
    assert shown[True] > 1.5 * shown[False] > 0


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_can_be_read(browser, file, dark):
    browser.show(file, 1280, dark=dark)
    back = browser.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert bool(np.mean(back) < 60) is dark
    assert browser.run(CONTRAST) >= 4.5  # WCAG AA
