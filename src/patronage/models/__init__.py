"""The models. All share one small protocol, and one contract test suite.

A module's `fit(...)` gives a frozen value with

- `columns`: the features that it reads,
- `predict(features)`: named columns on the index of `features`; a customer's answer does not depend on the others (but
  for the last bit of a float, which linear algebra rounds by the block),
- `save(folder)` and `load(folder)`: open formats (JSON, npz, LightGBM text), never pickle.
"""
