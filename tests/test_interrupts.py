"""A signal while the libraries are loaded or Python ends: one line and the code a shell expects, never a traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

# The command, with a signal of its own at the moment at which a module is looked for, or at the end of the process
COMMAND = """
import atexit, os, runpy, signal, sys

moment, number, module, *words = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background ignores, as nohup the next
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if "ignored" in words:
    words.remove("ignored")
    signal.signal(int(number), signal.SIG_IGN)
sys.argv[1:] = words

class Kill:
    def find_spec(self, name, path, target=None):
        if name == moment:
            os.kill(os.getpid(), int(number))

sys.meta_path.insert(0, Kill())
if moment == "exit":
    atexit.register(os.kill, os.getpid(), int(number))
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
MOMENTS = ["patronage.command_line", "patronage.journal", "patronage.jobs.verbs", "hydra"]


def interrupted(moment: str, number: signal.Signals, *words: str, module: str = "patronage") -> tuple[int, str, str]:
    command = [sys.executable, "-c", COMMAND, moment, str(int(number)), module, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("module", ["patronage", "patronage.cli"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_while_libraries_are_loaded(moment, module):
    code, out, err = interrupted(moment, signal.SIGINT, "check", "data=cdnow", module=module)
    assert (code, out) == (130, "")
    assert err == "patronage: stopped by SIGINT; nothing was published or logged; start it again\n"


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_each_signal_has_the_code_of_a_shell(number, code):
    line = f"patronage: stopped by {number.name}; nothing was published or logged; start it again\n"
    assert interrupted("patronage.journal", number, "train") == (code, "", line)


def test_a_line_as_json():
    _, _, err = interrupted("patronage.journal", signal.SIGTERM, "score", "logging=json")
    entry = json.loads(err)
    assert (entry["level"], entry["exit_code"]) == ("ERROR", 143)
    assert entry["message"].startswith("patronage: stopped by SIGTERM; nothing was")


def test_what_was_printed_stays_when_python_is_stopped_as_it_ends():
    code, out, err = interrupted("exit", signal.SIGINT, "--version")
    assert code == 130
    assert out.startswith("0.")
    assert err.count("\n") == 1


def test_after_a_job_the_line_does_not_say_that_nothing_was_done():
    code, out, err = interrupted("exit", signal.SIGTERM, "train", "--help")
    assert code == 143
    assert out.startswith("usage: patronage train")
    assert err == "patronage: stopped by SIGTERM; the job had ended by then, as the lines before tell\n"


def test_a_signal_that_the_caller_ignores_stays_ignored():
    """As nohup does with SIGHUP."""
    assert interrupted("patronage.journal", signal.SIGHUP, "ignored", "--version")[::2] == (0, "")
