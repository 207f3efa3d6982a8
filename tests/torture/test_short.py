"""The short version of the fuzzers: all that was a finding once, and a few new inputs, the same ones every time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.codec import decode
from tests.torture import message_targets, seeds

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_nothing_that_is_kept_is_a_finding(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.torture.fuzz", "all", "--inputs", "10"]
    done = subprocess.run(
        [*command, "--corpus", str(tmp_path)], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert done.stdout, done.stderr[-3000:]
    found = {name: entry["findings"] for name, entry in json.loads(done.stdout).items() if entry["findings"]}
    assert found == {}


def test_fuzzers_begin_with_every_message_and_every_prompt_of_the_engine(tmp_path: Path) -> None:
    messages = [decode(data) for data in seeds.messages()]
    assert {type(message) for message in messages} == set(get_args(p.Message))
    asked = [message.prompt for message in messages if isinstance(message, p.Ask)]
    assert {type(prompt) for prompt in asked} == set(get_args(p.Prompt))
    for data in seeds.messages():
        message_targets.protocol(data, tmp_path)
