"""What the apps print, on a terminal that lacks characters."""

import io
import sys

import pytest
import tyro

from apps.console import console, exit_on_error
from nashae_data.cli import main as data_command


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "ascii"])
def test_output_that_is_not_utf_8_is_written(encoding, monkeypatch):
    streams = {name: io.TextIOWrapper(io.BytesIO(), encoding) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)

    def app(weight: float = 1.0) -> None:
        """Train with the weight λ, and say − how it went."""
        console.print("λ − ä")
        raise ValueError(f"λ must be 0 or more; got −{weight}")

    statuses = []
    for arguments in (["--help"], []):
        with pytest.raises(SystemExit) as end:
            exit_on_error(lambda given=arguments: tyro.cli(app, args=given))
        statuses.append(end.value.code)
    with pytest.raises(SystemExit) as end:
        data_command(["sheet", "--help"])
    assert [*statuses, end.value.code] == [0, 2, 0]
    texts = []
    for stream in streams.values():
        stream.flush()
        texts.append(stream.buffer.getvalue().decode(encoding))
    assert "Train with the weight" in texts[0]
    assert "must be 0 or more" in texts[1]
    assert "codec" not in "".join(texts)
