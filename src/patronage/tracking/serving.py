"""The file that MLflow stores as the model (models from code): it runs nothing but this package."""

from patronage.tracking import serve

serve()
