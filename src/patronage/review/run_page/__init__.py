"""The page of a training run: one file for each question that its reader asks, in the order of the page.

expectation.py  how many customers, what is to be expected of them, and how good that was last time
personas.py     who they are
leaving.py      who is leaving, and why
worth.py        what they are worth
journey.py      where they are
labels.py       which labels hold
action.py       what to do
changes.py      what changed since the champion
limits.py       what this data cannot show, and what would bring it
run_page.py     all of them, as one page
"""
