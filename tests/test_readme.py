"""What the README says of the code is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent / "tools" / "messages.py"


def test_what_can_go_wrong_lists_the_messages_of_this_version():
    done = subprocess.run([sys.executable, str(TOOL), "--check"], check=False)
    assert done.returncode == 0, "run `make messages`"
