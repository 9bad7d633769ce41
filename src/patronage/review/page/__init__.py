"""One page of HTML that needs nothing else: what it may hold, its figures, and how it becomes HTML.

blocks.py   what a page holds: sections with facts, text, tables, charts and cards
charts.py   figures as Vega-Lite specifications, which are plain dictionaries
html.py     a page as HTML; its scripts and styles lie inside, those of Vega in `vendor/`
"""
