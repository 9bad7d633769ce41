"""A run on a server ends without a word of MLflow's, which would hold the password of the address."""

from __future__ import annotations

import pytest
from mlflow.client import MlflowClient
from mlflow.entities import RunStatus

from mlflow_server import mlflow_server
from patronage.tracking.ending import end_run

pytestmark = pytest.mark.slow


def test_the_address_is_not_printed(tmp_path, capfd):
    with mlflow_server(tmp_path, f"sqlite:///{tmp_path}/mlflow.db") as address:
        client = MlflowClient(address.replace("://", "://anna:hunter2@"))
        theirs, ours = (client.create_run("0").info.run_id for _ in range(2))
        client.set_terminated(theirs)
        assert "hunter2" in capfd.readouterr().out  # else there is no need of ours
        end_run(client, ours, RunStatus.KILLED)
        assert capfd.readouterr().out == ""
        assert client.get_run(ours).info.status == "KILLED"
