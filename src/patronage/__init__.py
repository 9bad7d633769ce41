"""Patronage: who your customers are, whether they stay, what they are worth and where they are on their journey.

The command line (`patronage --help`) is the way in. From Python, a run's model is a plain MLflow pyfunc:

    mlflow.pyfunc.load_model("models:/patronage/1").predict(features)

Errors
    PatronageError and its kinds: one line says what was found, what was expected and what to do.
"""

from importlib.metadata import version

from patronage.errors import ConfigError, DataError, FitError, PatronageError, TrackingError

__version__ = version("patronage")

__all__ = ["ConfigError", "DataError", "FitError", "PatronageError", "TrackingError", "__version__"]
