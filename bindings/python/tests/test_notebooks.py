"""The example notebook is executed from top to bottom, as a newcomer would, with what is installed here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "debrief.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    notebook = nbformat.read(EXAMPLE, as_version=4)
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("example"))}}
    return nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=place).execute()


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def shown(notebook: Any, kind: str) -> list[str]:
    return [output.data[kind] for output in outputs(notebook) if kind in output.get("data", {})]


def test_it_runs_without_an_error_or_a_warning(executed: Any) -> None:
    assert [
        output for output in outputs(executed) if output.output_type == "error" or output.get("name") == "stderr"
    ] == []


def test_it_shows_a_transcript_proposals_a_table_a_plot_and_the_widget(executed: Any) -> None:
    pages = shown(executed, "text/html")
    assert any("cc-" in page or "<mark" in page for page in pages)
    assert any('class="dataframe"' in page for page in pages)
    assert len(shown(executed, "image/png")) == 1
    assert len(shown(executed, "application/vnd.jupyter.widget-view+json")) == 1


def test_its_debrief_ends_in_the_profile(executed: Any) -> None:
    streamed = "".join(output.text for output in outputs(executed) if output.output_type == "stream")
    assert "That was the last question." in streamed
    assert any(
        "I write the evaluation script before the training loop." in text for text in shown(executed, "text/plain")
    )


def test_it_is_kept_without_outputs() -> None:
    kept = nbformat.read(EXAMPLE, as_version=4)
    assert outputs(kept) == []
    assert [cell.execution_count for cell in kept.cells if cell.cell_type == "code" and cell.execution_count] == []
