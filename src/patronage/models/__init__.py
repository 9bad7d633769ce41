"""The models. All share one small protocol, and one contract test suite.

A module's `fit(...)` gives a frozen value with

- `columns`: the features that it reads,
- `predict(features)`: named columns on the index of `features`, a customer's answer never depending on the others,
- `save(folder)` and `load(folder)`: open formats (JSON, npz, LightGBM text, skops), never pickle.
"""
