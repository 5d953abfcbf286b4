from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario.base import CommandLine


@pytest.fixture
def vbsim_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys)
