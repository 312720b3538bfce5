"""What the library must not do to the script that sources it, in every shell."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.shells import LIBRARY, OUTSIDE, SHELLS, Listener, assert_undamaged, need

from chaos_otel.records import OperationEnded, OperationStarted, RunNamed

# every function, with success and with failure; nothing of it may fail, print or change anything
CALLS = """
telemetry_init "the run" v1
telemetry_start_timer outer
telemetry_start_timer "in	ner"
telemetry_mark_changed outer
telemetry_track_warning outer careful
telemetry_track_info outer so
telemetry_track_debug outer so
telemetry_track_error "in	ner" "it
failed"
telemetry_track_success outer
telemetry_track_success never
telemetry_record_metric m 1
telemetry_add_tag k v
telemetry_step step -- :
telemetry_retry 2 again -- :
telemetry_flush
telemetry_start_timer
telemetry_track_success
telemetry_track_error
telemetry_add_tag
telemetry_mark_changed
telemetry_step
telemetry_retry
telemetry_flush
"""
CHECKED = "".join(
    f'{line}\n[ "$?" = 0 ] || echo "status at {number}"\n' if line.startswith("telemetry_") else ""
    for number, line in enumerate(CALLS.replace("it\nfailed", "it failed").splitlines())
)


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    """An inbox, outputs that are marked, and a trace."""
    return Listener(tmp_path)


def _assert_all_heard(listener: Listener, shell: str, prelude: str, script: str = CHECKED) -> None:
    heard = listener.run(shell, script, prelude=prelude)
    assert (heard.status, heard.stdout, heard.stderr) == (0, b"", b"")
    assert_undamaged(heard)
    assert heard.one(RunNamed).name == "the run"
    assert [one.name for one in heard.all(OperationStarted)] == [
        "outer",
        "in\tner",
        "step",
        "again",
        "",
    ]
    ends = [(one.name, one.success) for one in heard.all(OperationEnded)]
    assert ends[:5] == [
        ("in\tner", False),
        ("outer", True),
        ("never", True),
        ("step", True),
        ("again", True),
    ]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "prelude",
    [
        "set -e",
        "set -u",
        "set -f",
        "set -a",
        "set -C",
        "set -eufC",
        "IFS=0123456789abcdef",
        "IFS='*_-: \n/.'",
        "IFS=",
        "unset IFS",
        "LC_ALL=de_DE.UTF-8",
        "LC_ALL=C.UTF-8; export LC_ALL",
        "LC_ALL=; LC_NUMERIC=de_DE.UTF-8; export LC_NUMERIC",
        "PATH=/nonexistent",
        "trap 'echo trapped' USR1",
        "umask 777",
        "cd /proc",
        "exec 7>/dev/null 8</dev/null 9>/dev/null",
    ],
)
def test_hostile_settings(listener: Listener, shell: str, prelude: str) -> None:
    """Whatever the script has set before, every call returns 0, prints nothing and is heard."""
    if prelude.startswith("PATH=") and shell == "dash":
        pytest.skip("dash needs date")
    if "de_DE" in prelude and shell.startswith(("bash", "ksh", "mksh")):
        prelude = f"{{ {prelude}; }} 2>/dev/null"  # these complain when it is set
    _assert_all_heard(listener, shell, prelude)


@pytest.mark.parametrize("shell", ["bash", "bash-posix", "zsh", "zsh-ksh", "mksh", "ksh93"])
@pytest.mark.parametrize("prelude", ["set -o pipefail", "set -eu -o pipefail -f"])
def test_pipefail(listener: Listener, shell: str, prelude: str) -> None:
    """Where a shell has it."""
    _assert_all_heard(listener, shell, prelude)


@pytest.mark.parametrize(
    ("shell", "prelude"),
    [
        ("bash", "shopt -s nocasematch extglob nullglob failglob dotglob"),
        ("bash", "shopt -s extdebug"),
        ("bash", "shopt -s xpg_echo; set -o posix"),
        ("bash", "unset EPOCHREALTIME SRANDOM"),
        ("bash", "set -E; trap 'echo ERR' ERR"),
        ("bash", "set -T; trap 'x=1' DEBUG RETURN"),
        ("bash", "set -m"),
        ("zsh", "setopt sh_word_split glob_subst ksh_arrays"),
        ("zsh", "setopt err_exit err_return no_unset warn_create_global"),
        ("zsh", "setopt all_export no_clobber no_multibyte octal_zeroes c_bases"),
        ("zsh", "setopt extended_glob ksh_glob sh_glob csh_null_glob no_bad_pattern"),
        ("zsh", "setopt posix_builtins posix_identifiers no_function_argzero"),
        ("zsh", "setopt rc_quotes csh_junkie_quotes ignore_braces no_short_loops"),
        ("zsh", "emulate -L ksh"),
        ("zsh", "emulate -R csh"),
        ("zsh", "TRAPZERR() { echo ZERR; }"),
        ("mksh", "set -U"),
        ("mksh", "set -o posix"),
        ("ksh93", "set -o noglob -o nounset -o errexit; trap 'echo ERR' ERR"),
    ],
)
def test_hostile_settings_of_one_shell(listener: Listener, shell: str, prelude: str) -> None:
    """The same, for what only some shells have."""
    _assert_all_heard(listener, shell, prelude)


WORDS = """
printf echo print read test eval set shift unset export local typeset declare return command
builtin true date trap exec emulate zmodload :
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_aliases_are_not_ours(listener: Listener, shell: str) -> None:
    """Every command that the library uses, and some more, are aliases for `false` here."""
    prelude = "".join(f"alias {word}=false\n" for word in WORDS.split())
    if shell.startswith("bash"):
        prelude += "shopt -s expand_aliases\n"
    _assert_all_heard(listener, shell, prelude, CALLS.replace("-- :", "-- true"))


@pytest.mark.parametrize("shell", SHELLS)
def test_functions_of_the_script_are_not_ours(listener: Listener, shell: str) -> None:
    """Functions with the names of builtins that scripts redefine."""
    names = ["printf", "echo", "date", "test", "true", "cd", "od", "sed", "tr", "ls", "cat"]
    names += [] if shell in ("mksh", "ksh93") else ["read"]
    _assert_all_heard(listener, shell, "\n".join(f"{name}() {{ return 1; }}" for name in names))


STATE = """
state() {
    set | sed -e 's/=.*//' | grep -Ev "^(__chaos|telemetry_|[^A-Za-z]|$)" | sort
    %s
    trap
    umask
    pwd
    echo "flags $-"
    alias
    for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        [ ! -e /proc/$$/fd/$fd ] || echo "fd $fd"
    done
    printf '%%s|' "$IFS" "$LC_ALL" "$PATH" "$TRACEPARENT" "$*" "$#" "$OPTIND"
    ulimit -a
}
"""
OPTIONS = {"bash": "shopt; set +o", "zsh": "setopt; set +o", "mksh": "set +o", "ksh93": "set +o"}
OPTIONS |= {"bash-posix": OPTIONS["bash"], "zsh-ksh": OPTIONS["zsh"]}


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_of_the_script_is_changed(listener: Listener, shell: str) -> None:
    """Variables, options, traps, aliases, descriptors, folder, limits are the same behind."""
    heard = listener.run(
        shell,
        f"{CALLS}\nstate >behind",
        prelude=STATE % OPTIONS.get(shell, "set -o")
        + "trap 'echo bye >/dev/null' EXIT\ntrap : USR1\nset -- a 'b c'\n"
        + "state >before; state >before",
    )
    assert heard.status == 0
    lines = (listener.folder / "before").read_text().splitlines()
    behind = (listener.folder / "behind").read_text().splitlines()
    ours = {"CHAOS_OTEL_OPERATION", "EPOCHREALTIME"}
    added = Counter(behind) - Counter(lines)
    gone = Counter(lines) - Counter(behind)
    assert set(added) <= ours | {"SRANDOM", "KSH_MATCH", "PIPESTATUS", "_", "LINENO"}
    assert not gone, gone


@pytest.mark.parametrize("shell", SHELLS)
def test_special_parameters_are_kept(listener: Listener, shell: str) -> None:
    """`$!` is untouched; `$?` is 0 and `$_` is what any command leaves."""
    heard = listener.run(
        shell,
        """
        sleep 0 & job=$!
        wait
        telemetry_start_timer first last
        echo "$? ${_##*/}"
        : first last
        echo "$? ${_##*/}"
        telemetry_track_success first last
        [ "$!" = "$job" ] && echo kept
        """,
    )
    ours, theirs, kept = heard.stdout.decode().splitlines()
    assert (ours, kept) == (theirs, "kept")


@pytest.mark.parametrize("shell", SHELLS)
def test_tracing_shows_the_calls_and_not_our_insides(listener: Listener, shell: str) -> None:
    """`set -x` of a script costs a few lines a call, and stays on."""
    heard = listener.run(
        shell,
        "set -x\ntelemetry_start_timer a\ntelemetry_track_error a 'x\ty'\n: still\nset +x",
    )
    assert b": still" in heard.stderr
    lines = heard.stderr.splitlines()
    assert sum(b"__chaos" in line for line in lines) <= 8, heard.stderr.decode()
    assert (heard.one(OperationEnded).name, heard.one(OperationEnded).message) == ("a", "x\ty")


@pytest.mark.parametrize("shell", SHELLS)
def test_sourcing_twice_keeps_what_is_open(listener: Listener, shell: str) -> None:
    """The second time does nothing."""
    heard = listener.run(
        shell, f"telemetry_start_timer a\n. {LIBRARY}\n. {LIBRARY}\ntelemetry_track_success a"
    )
    assert heard.one(OperationEnded).op == heard.one(OperationStarted).op


@pytest.mark.parametrize("shell", SHELLS)
def test_a_child_of_an_allexport_script_has_its_own(listener: Listener, shell: str) -> None:
    """With `set -a` a child finds our variables and none of our functions."""
    child = listener.folder / "child.sh"
    child.write_text(f". {LIBRARY}\ntelemetry_start_timer inner\ntelemetry_track_success inner\n")
    heard = listener.run(
        shell,
        f"telemetry_start_timer outer\n{' '.join(SHELLS[shell])} {child}\n"
        "telemetry_track_success outer",
        prelude="set -a",
    )
    outer, inner = heard.all(OperationStarted)
    assert inner.parent == outer.op
    assert [one.op for one in heard.all(OperationEnded)] == [inner.op, outer.op]
    assert heard.stderr == b""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_no_call_forks(listener: Listener, shell: str) -> None:
    """Not one process is made between the first and the last call of a whole script."""
    need("strace")
    trace = listener.folder / "trace"
    calls = CALLS + "".join(
        f"telemetry_get_{what} >>got\n"
        for what in ("duration", "memory_usage", "cpu_usage", "network_usage")
    )
    wrap = ("strace", "-f", "-o", str(trace), "-e", "trace=process")
    heard = listener.run(shell, calls, wrap=wrap)
    assert heard.status == 0
    made = re.findall(r"\b(?:clone3?|v?fork)\(.*", trace.read_text())
    assert made == []
    assert len((listener.folder / "got").read_text().split()) == 4


@pytest.mark.parametrize("shell", SHELLS)
def test_jobs_at_once_tear_nothing(listener: Listener, shell: str) -> None:
    """Subshells of one script, short and long names: every line whole, no id twice."""
    heard = listener.run(
        shell,
        """
        long=$(head -c 3000 /dev/zero | tr '\\0' x)
        work() {
            i=0
            while [ "$i" -lt 40 ]; do
                telemetry_start_timer "$1 $i"
                telemetry_track_error "$1 $i" "$long$long"
                i=$((i + 1))
            done
        }
        for job in 1 2 3 4 5 6; do work "$job" & done
        wait
        """,
    )
    assert_undamaged(heard)
    starts, ends = heard.all(OperationStarted), heard.all(OperationEnded)
    assert len({one.op for one in starts}) == len(starts) == 240
    assert {one.op for one in ends} == {one.op for one in starts}
    assert all(one.message == "x" * 6000 for one in ends)


@pytest.mark.parametrize("shell", ["bash", "busybox", "zsh", "mksh"])
def test_a_call_from_a_trap_does_not_disturb_the_one_it_interrupts(
    listener: Listener, shell: str
) -> None:
    """Signals in the middle of calls, telling something themselves. Not in ksh93, which
    runs traps in the middle of its builtins."""
    heard = listener.run(
        shell,
        """
        trap 'telemetry_track_info trap "caught	it"' USR1
        me=$$
        ( i=0; while [ $i -lt 300 ]; do kill -USR1 $me; i=$((i + 1)); done ) &
        i=0
        while [ $i -lt 300 ]; do
            telemetry_start_timer "outer $i"
            telemetry_start_timer "in	ner $i"
            telemetry_track_error "in	ner $i" "message	$i"
            telemetry_track_success "outer $i"
            i=$((i + 1))
        done
        wait
        """,
    )
    assert_undamaged(heard)
    ends = heard.all(OperationEnded)
    assert [(one.name, one.message) for one in ends] == [
        pair for i in range(300) for pair in ((f"in\tner {i}", f"message\t{i}"), (f"outer {i}", ""))
    ]
    assert all(one.op not in ("", OUTSIDE) for one in ends)
