"""The bench runs: its quick mode takes real figures of a real server and reports them."""

import subprocess
import sys
from pathlib import Path

APP = Path(__file__).parents[2]


def test_the_quick_bench_writes_a_report_with_figures_and_plots(tmp_path: Path) -> None:
    out = tmp_path / "performance.md"
    command = [
        sys.executable,
        "-m",
        "bench",
        "--quick",
        "--only",
        "fanout",
        "p2p",
        "--out",
        str(out),
    ]
    done = subprocess.run(command, cwd=APP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| fan-out to 20 sessions, one in flight |" in out.read_text()
    assert "| stored P2P message, 20 pairs, 20 in flight: server CPU |" in out.read_text()
    assert (tmp_path / "img" / "perf-fanout.svg").read_text().startswith("<?xml")
