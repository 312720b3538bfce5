"""A Python program that was started with our folder on PYTHONPATH is the program that it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaos_otel import emit
from chaos_otel.pipeline.python_path import FOLDER

SHOW = "import os, sys; sys.modules.pop('_chaos_otel_imports', None); print({})"
STATE = SHOW.format("sys.path, sys.modules.get('sitecustomize'), sorted(sys.modules)")
# a package that the import hook takes for pyinfra's
PYINFRA = {
    "pyinfra/__init__.py": "",
    "pyinfra/api/__init__.py": "print('imported', __loader__.get_source(__name__) != '')",
}


def run(
    *arguments: str, path: str = "", inject: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A Python with these arguments; `path` is its PYTHONPATH, empty for none."""
    entries = [FOLDER] * inject + [path] * bool(path)
    env = {"PATH": os.environ["PATH"], **variables}
    if entries:
        env["PYTHONPATH"] = os.pathsep.join(entries)
    if inject:
        env |= {
            "CHAOS_OTEL_INBOX": "/nonexistent",
            **({"CHAOS_OTEL_PYTHONPATH": path} if path else {}),
        }
    return subprocess.run(
        [sys.executable, *arguments], env=env, cwd="/", capture_output=True, text=True
    )


def write(folder: Path, files: dict[str, str]) -> str:
    """Write these files; the folder's path."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return str(folder)


def test_the_folder_is_in_the_package() -> None:
    """As files, also in an installed wheel; and nothing else is in it that could be imported."""
    names = {path.name for path in Path(FOLDER).glob("*.py")}
    assert names == {"sitecustomize.py", "_chaos_otel_imports.py"}
    assert Path(FOLDER).parent == Path(emit.__path__[0]).absolute()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "import sys; sys.stderr.write(__file__ + __name__)",
        "raise ValueError('boom')",
        "import not_there_at_all",
        "syntax error",
    ],
    ids=["none", "fine", "raises", "cannot import", "syntax"],
)
def test_another_sitecustomize_is_found_as_without_us(tmp_path: Path, text: str | None) -> None:
    """Also its errors, in Python's own words; modules and sys.path are the same afterwards."""
    path = write(tmp_path, {} if text is None else {"sitecustomize.py": text})
    ours, bare = (run("-B", "-c", STATE, path=path, inject=inject) for inject in (True, False))
    assert (ours.returncode, ours.stdout, ours.stderr) == (0, bare.stdout, bare.stderr)


@pytest.mark.parametrize("options", [["-I"], ["-E"], ["-s"], ["-O"], ["-X", "dev"]])
def test_options_of_python_keep_their_meaning(options: list[str]) -> None:
    """Those that keep us out, and those that do not."""
    ours, bare = (run(*options, "-c", STATE, inject=inject) for inject in (True, False))
    assert (ours.returncode, ours.stdout, ours.stderr) == (0, bare.stdout, bare.stderr)


def test_without_a_run_nothing_is_watched() -> None:
    """The variable that says where the run listens is the switch."""
    show = "import sys; print(len(sys.meta_path))"
    assert run("-c", show, path=FOLDER, inject=False).stdout == run("-c", show, inject=False).stdout


def test_a_program_imports_nothing_more() -> None:
    """Nothing of the standard library that it would not have had: gevent patches before others."""
    count = "import sys; print(len(set(sys.modules) - {'_chaos_otel_imports'}))"
    assert run("-c", count).stdout == run("-c", count, inject=False).stdout


def test_the_variable_goes_with_the_first_module_that_is_watched(tmp_path: Path) -> None:
    """Until then it is passed on to what the program starts, which may be the tool itself."""
    path = write(tmp_path, PYINFRA)
    show = "print(os.environ.get('PYTHONPATH'), os.environ.get('CHAOS_OTEL_PYTHONPATH'))"
    done = run("-c", f"import os; {show}; import pyinfra.api; {show}", path=path)
    assert done.stdout.splitlines() == [
        f"{FOLDER}:{path} {path}",
        "imported True",
        f"{path} None",
    ]


def test_a_hook_that_cannot_work_stays_silent(tmp_path: Path) -> None:
    """A package of that name that is no pyinfra of ours: it is imported, nothing is said."""
    done = run("-c", "import pyinfra.api; print('on')", path=write(tmp_path, PYINFRA))
    assert (done.stdout, done.stderr) == ("imported True\non\n", "")


@pytest.mark.parametrize("text", ["raise ValueError('mine')", "import not_there_at_all"])
def test_an_import_that_fails_fails_as_without_us(tmp_path: Path, text: str) -> None:
    """The same traceback."""
    files = {**PYINFRA, "pyinfra/api/__init__.py": text}
    path = write(tmp_path, files)
    ours, bare = (
        run("-c", "import pyinfra.api", path=path, inject=inject) for inject in (True, False)
    )
    assert (ours.returncode, ours.stderr) == (1, bare.stderr)


def test_a_module_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Python's own error."""
    ours, bare = (run("-c", "import pyinfra.api", inject=inject) for inject in (True, False))
    assert (ours.returncode, ours.stderr) == (1, bare.stderr)
    path = write(tmp_path, {"pyinfra/__init__.py": ""})
    ours, bare = (
        run("-c", "import pyinfra.api", path=path, inject=inject) for inject in (True, False)
    )
    assert (ours.returncode, ours.stderr) == (1, bare.stderr)
