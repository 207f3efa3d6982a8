"""Torments the engine's process a thousand times: `python benchmarks/chaos.py [--actions 1000] [--seed 1]` (Linux).

Kills and stops it, cancels, changes priorities, loads other models, all at random between requests of every kind, and
prints what became of each request and what this process holds of the system before and after. The model is the tests'
fake one: it answers at once and its answers can be checked. Exits with 1 if anything was lost, doubled or left behind.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests" / "unit" / "engine" / "service"
sys.path.insert(0, str(TESTS))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH", "")]))

from torment import Held, Torment  # noqa: E402 - lies beside the service's tests

from seamseg_studio.engine.service import supervisor  # noqa: E402
from seamseg_studio.engine.service.client import EngineClient  # noqa: E402


def main() -> int:
    """Runs it and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    supervisor._START_S = 10.0  # one that is stopped while it starts
    supervisor._PROVEN_S = 0.0  # a child that lived for a moment only is no reason to give up
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = Held.now()
        with EngineClient(factory="fake_engine:load", max_crashes=10**6, heartbeat_s=1.0) as client:
            client.wait_until_loaded()
            report = Torment(client, folder, args.seed).run(args.actions)
        deadline = time.monotonic() + 10
        while (after := Held.now()).num_files > before.num_files and time.monotonic() < deadline:
            time.sleep(0.01)
        left = [path.name for path in folder.iterdir() if path.name != "photo.png"]
    print(
        f"{args.actions} actions in {report.seconds:.0f} s: "
        + ", ".join(f"{number} {name}" for name, number in report.actions.most_common())
    )
    print(
        f"{report.num_requests} requests: {report.num_answered} answered, {report.num_cancelled} cancelled on request, "
        f"{report.num_blamed} blamed for two deaths, {report.num_lost} lost, {report.num_doubled} doubled, "
        f"{report.num_wrong} wrong"
    )
    print(
        f"before and after: threads {before.threads.total()} {after.threads.total()}, open files {before.num_files} "
        f"{after.num_files}, blocks of pixels {before.num_blocks} {after.num_blocks}, new in /dev/shm "
        f"{len(after.shared - before.shared)}, child processes {len(before.children)} {len(after.children)}, "
        f"files left {len(left)}"
    )
    is_clean = (
        after.threads == before.threads
        and after.num_files <= before.num_files
        and after.num_blocks == before.num_blocks
        and after.shared <= before.shared
        and after.children == before.children
        and not left
    )
    is_whole = not (report.num_lost or report.num_doubled or report.num_wrong)
    print("nothing lost, nothing left behind" if is_clean and is_whole else "FAILED")
    return 0 if is_clean and is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
