from __future__ import annotations

import io

import pytest

from patronage.masking import MaskedStream, mask, mask_all, without_user


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("http://anna:hunter2@mlflow:5000/#/x cannot be opened", "http://anna:***@mlflow:5000/#/x cannot be opened"),
        ("postgresql+psycopg2://u:p@ss/w@db/mlflow", "postgresql+psycopg2://u:***@db/mlflow"),
        ("redis://:hunter2@db", "redis://:***@db"),
        ("https://ghp_token@mlflow", "https://***@mlflow"),
        ("postgresql://mlflow@db/mlflow", "postgresql://mlflow@db/mlflow"),
        ("postgres:host=db user=u password=hunter2 port=1", "postgres:host=db user=u password=*** port=1"),
        ("postgresql://db/x?user=u&sslpassword=hunter2&port=1", "postgresql://db/x?user=u&sslpassword=***&port=1"),
        ("https://store/x?sv=1&sig=abc%2Fd", "https://store/x?sv=1&sig=***"),
        ("  password: 'hunter two'\n  token: hunter2\n  tokens: 5", "  password: '***'\n  token: ***\n  tokens: 5"),
        ('{"aws_secret_access_key": "hunter2", "k": 3}', '{"aws_secret_access_key": "***", "k": 3}'),
        ("db_pass: hunter2\nDB_PASS=hunter2 passes=8 compass=8", "db_pass: ***\nDB_PASS=*** passes=8 compass=8"),
        ("x-api-key: hunter2", "x-api-key: ***"),
        ("Authorization: Bearer hunter2.x/y, authorization=hunter2", "Authorization: Bearer ***, authorization=***"),
        ("AccountName=a;AccountKey=aHVu==;SharedAccessSignature=hunter2", "AccountName=a;AccountKey=***;"
         "SharedAccessSignature=***"),
        ("https://store/x?X-Amz-Signature=hunter2 of a model signature: x", "https://store/x?X-Amz-Signature=*** of a "
         "model signature: x"),
        ("sigma: 0.5\nsignificance=0.1 key=4 keywords=a", "sigma: 0.5\nsignificance=0.1 key=4 keywords=a"),
        ("models:/patronage@champion of http://127.0.0.1:5000/#/runs", "models:/patronage@champion of "
         "http://127.0.0.1:5000/#/runs"),
    ],
)  # fmt: skip
def test_the_password_goes_and_the_rest_stays(text, masked):
    assert mask(text) == masked


def test_values_of_the_environment(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "p/w hunter")
    monkeypatch.setenv("PATRONAGE_KEY", "0123456789abcdef")
    monkeypatch.setenv("STORE", "http://u:hunter3@db")
    monkeypatch.setenv("POSTGRES_PASSWORD", "patronage")
    monkeypatch.setenv("LAKE", "AccountName=me;AccountKey=aHVudGVy==;more=x")
    monkeypatch.setenv("DB_PASS", "hunter4")
    monkeypatch.setenv("GITHUB_PAT", "hunter5")
    monkeypatch.setenv("EDITOR", "editor-of-mine")
    text = "p/w hunter, p%2Fw%20hunter, 0123456789abcdef, hunter3, patronage, editor-of-mine"
    assert mask(text) == "***, ***, ***, ***, patronage, editor-of-mine"
    assert mask("aHVudGVy== hunter4 hunter5 me") == "*** *** *** me"


def test_nested_values():
    given = {"uri": "http://a:bcd@e", "password": "x", "list": ["token=y", 3], "none": None}
    assert mask_all(given) == {"uri": "http://a:***@e", "password": "***", "list": ["token=***", 3], "none": None}


def test_an_address_to_open():
    assert without_user("http://a:b@mlflow:5000/x?y#z") == "http://mlflow:5000/x?y#z"


def test_a_stream_masks_what_is_written():
    stream = MaskedStream(io.StringIO())
    print("http://a:hunter@b", file=stream)
    stream.writelines(["token=hunter\n"])
    assert stream.getvalue() == "http://a:***@b\ntoken=***\n"


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_stream_that_cannot_be_written_takes_it_and_remembers_why():
    stream = MaskedStream(Full())
    assert stream.write("a line") == 6
    stream.writelines(["more", "lines"])
    stream.flush()
    assert stream.failure.errno == 28
    assert MaskedStream(io.StringIO()).failure is None
