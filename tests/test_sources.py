"""The source that is shown is the file of the pointer, and no other file can be asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from registry import Registry, RegistryError
from registry.sources import read_source
from tests.conftest import ROOT


def test_the_source_is_the_file_and_the_lines_of_the_class() -> None:
    source = read_source("reference_impl.moco:MoCo")
    assert source.file == "reference_impl/moco.py"
    assert source.text == (ROOT / source.file).read_text()
    assert source.first is not None
    assert source.text.splitlines()[source.first - 1].startswith("class MoCo(")


def test_every_implementation_of_the_graph_can_be_shown(registry: Registry) -> None:
    for method in registry.methods():
        if method.implementation:
            assert read_source(method.implementation).first is not None


def test_departures_that_the_code_states_are_found_whole() -> None:
    (said,) = read_source("reference_impl.moco_dual_view:MoCoDualView").departures
    assert said.startswith("Unlike the paper: ")
    assert "\n" not in said
    assert "#" not in said


def test_a_name_that_the_file_lacks_leaves_the_file() -> None:
    source = read_source("reference_impl.moco:Nothing")
    assert (source.first, source.last) == (None, None)


@pytest.mark.parametrize(
    "pointer",
    [
        "",
        "reference_impl",
        "reference_impl:MoCo",
        "reference_impl.moco",
        "reference_impl..moco:MoCo",
        "reference_impl/../registry/home:x",
        "reference_impl.moco:MoCo\n",
        "/etc/passwd:x",
        "os.path:join",
        "registry.home:Home",
        "tests.conftest:registry",
        "reference_impl.nothing:MoCo",
        "reference_impl.moco.deeper:MoCo",
        "x" * 300 + ".y:Z",
        "<script>alert(1)</script>",
    ],
)
def test_any_other_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(RegistryError):
        read_source(pointer)


def test_no_pytorch_is_imported() -> None:
    script = (
        "import sys; from registry.sources import read_source; read_source('reference_impl.moco:MoCo')\n"
        "assert 'torch' not in sys.modules and 'reference_impl.moco' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
