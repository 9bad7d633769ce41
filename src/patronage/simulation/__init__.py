"""Simulated customers whose truth is known: what lenses and models are measured against.

Nothing but the source `patronage.data.simulated` imports this room. Where to look:

========================================  ==============
what can be set?                          settings.py
how do the planted types differ?          parameters.py
who is a customer?                        customers.py
how does a customer's life go?            lifecycle.py
what do customers buy, and when?          purchases.py
what do they click?                       activity.py
what do they tell the business?           feedback.py
how do they answer contacts?              answers.py
how are events collected?                 events.py
what should the analyses find?            practice.py
what is the truth, and the true stage?    truth.py
how do blocks become tables?              tables.py
how are tables written?                   writing.py
========================================  ==============
"""
