"""Run any deployment command and get an exact local report of it.

The names below are for Python programs that run under it (docs/python-api.md). They are loaded when
they are first asked for: the command's own start imports this package, too.
"""

TYPE_CHECKING = False  # typing's own would cost its import
if TYPE_CHECKING:
    from chaos_otel.emit.api import Operation as Operation
    from chaos_otel.emit.api import event as event
    from chaos_otel.emit.api import metric as metric
    from chaos_otel.emit.api import operation as operation
    from chaos_otel.emit.api import tag as tag

__version__ = "0.1.0"
__all__ = ["Operation", "__version__", "event", "metric", "operation", "tag"]

if not TYPE_CHECKING:  # a checker must not believe that every name is here

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from chaos_otel.emit import api

        return getattr(api, name)

    def __dir__():
        return sorted({*globals(), *__all__})
