"""What holds for every test: no test sees, or writes to, the state of whoever runs it, and none
fails for being slow."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# a property holds or does not, however slow the machine is just now; where `CI` is set, failures
# can be repeated
settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
)
settings.load_profile("unhurried")

# nothing can be made below /proc, not even by root: who gets here by accident fails, and sees why
NOWHERE = "/proc/YouForgotToExplicitlyChooseAStateFolder"
_FOLDERS = ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
_OURS = ("CHAOS_OTEL_", "TELEMETRY_", "OTEL_")
_ALSO = ("TRACEPARENT", "TRACESTATE", "BAGGAGE", "DO_NOT_TRACK", "NO_COLOR")


@pytest.fixture(autouse=True)
def no_state_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every test starts with no home, no state folder and no setting of ours in its environment.

    What would lie in memory (the inbox) lies in a folder of the test's own.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_OURS) or name in _ALSO:
                patch.delenv(name)
        for name in _FOLDERS:
            patch.setenv(name, NOWHERE)
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield
