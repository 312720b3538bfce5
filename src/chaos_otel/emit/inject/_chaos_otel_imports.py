"""Runs a hook of ours right after the import of a module that we know how to watch.

Imports only what every Python has loaded by now, and nothing that must not come before a program's
own imports (gevent has to patch ssl and threading first). Nothing in here raises into the program.
"""

import os
import sys

if "typing" in sys.modules:  # not worth an import of its own in every program
    from typing import Any

# module → the file, beside this folder, whose `hook(module, inbox)` is called with it
HOOKS = {
    "ansible.executor.task_queue_manager": "ansible/hook.py",
    "pyinfra.api": "pyinfra/watch.py",
}


def install(folder: "str") -> "None":
    """Watch the imports of this program. `folder` is the one that PYTHONPATH was given for us."""
    sys.meta_path.insert(0, _Finder(folder))


class _Finder:
    """Finds nothing itself: asks the others, and watches what they find."""

    def __init__(self, folder: "str") -> "None":
        self._folder = folder
        self._asking = False

    def find_spec(self, name: "str", path: "Any" = None, target: "Any" = None) -> "Any":
        """The spec that the other finders give, watched if it is one of ours to watch."""
        if name not in HOOKS or self._asking:
            return None
        self._asking = True
        try:
            return self._watched(name, path, target)
        except Exception:  # the edge: the program's own finders will be asked, and may complain
            return None
        finally:
            self._asking = False

    def _watched(self, name: "str", path: "Any", target: "Any") -> "Any":
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec and finder is not self else None
            if spec is not None:
                _watch(spec, lambda module: _run_hook(HOOKS[name], module, folder=self._folder))
                return spec
        return None


def _watch(spec: "Any", imported: "Any") -> "None":
    """Have `imported(module)` called when the module of `spec` has been imported.

    The import system clears `_initializing` then, in whatever way the import went. A loader that
    called us would stand in the traceback of an import that fails.
    """
    plain = type(spec)

    def initializing(spec: "Any", value: "bool") -> "None":
        spec.__dict__["_initializing"] = value
        if not value:
            spec.__class__ = plain
            if spec.name in sys.modules:  # it went well
                imported(sys.modules[spec.name])

    getter = lambda spec: spec.__dict__.get("_initializing", False)  # noqa: E731
    spec.__class__ = type("ModuleSpec", (plain,), {"_initializing": property(getter, initializing)})


def _run_hook(hook: "str", module: "Any", *, folder: "str") -> "None":
    try:
        _put_back_path(folder)
        path = os.path.join(os.path.dirname(folder), hook)
        with open(path, encoding="utf-8") as file:
            code = compile(file.read(), path, "exec")  # no import: it would leave a compiled file
        names = {"__name__": "_chaos_otel_hook", "__file__": path}
        exec(code, names)
        names["hook"](module, os.environ["CHAOS_OTEL_INBOX"])  # type: ignore[operator]
    except Exception:  # the edge: the program comes first; that the hook is silent is told
        pass


def _put_back_path(folder: "str") -> "None":
    """From here on programs are started by operations, and they are none of ours."""
    former = os.environ.pop("CHAOS_OTEL_PYTHONPATH", None)
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if folder not in entries:
        return
    entries.remove(folder)
    if entries:
        os.environ["PYTHONPATH"] = os.pathsep.join(entries)
    elif former is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = former
