"""What the documents say of the code is what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "model" / "NOTES.md"])
RESULTS = ROOT / "bench" / "RESULTS.md"


@pytest.mark.parametrize("name", ["messages", "architecture"])
def test_what_is_made_from_the_code_is_made_from_this_code(name):
    command = [sys.executable, str(ROOT / "tools" / f"{name}.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0, f"run `make {name}`"


def test_the_readme_can_be_read_at_one_sitting():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_to_a_file(document):
    linked = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [target for target in linked if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "docs/benchmarks.md"])
def test_accuracy_in_the_documents_is_what_the_bench_measured(name):
    figures = re.findall(r"[\d.]+ ± [\d.]+", (ROOT / name).read_text(encoding="utf-8"))
    measured = RESULTS.read_text(encoding="utf-8")
    assert figures
    assert [figure for figure in figures if figure not in measured] == []
