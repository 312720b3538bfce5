# shellcheck shell=sh
# What is not POSIX stands where only shells that have it come by (3010 and on); commands are quoted
# against aliases (2288); a prefix and "$@" name a function and its arguments (2145); the others are
# meant as they are.
# shellcheck disable=SC3010,SC3026,SC3028,SC3041,SC3043,SC3044,SC3045,SC3057,SC3060,SC2288,SC2145
# shellcheck disable=SC1003,SC2015,SC2017,SC2030,SC2031,SC2059,SC2209
#
# chaos-otel, the shell library: tells `chaos-otel run` what a script is doing.
#
#     . "$(dirname "$0")/telemetry/utils.sh"
#     telemetry_init "deploy-service" "v1.0.0"
#     telemetry_step "build" -- make -s all
#     telemetry_retry 3 "upload" -- curl -fsS -T app.tgz "$url"
#     telemetry_start_timer "migrate"
#     if ./migrate; then telemetry_track_success "migrate"
#     else telemetry_track_error "migrate" "status $?"; fi
#     telemetry_flush
#
# One file for bash (3.2 and later), dash, busybox ash, zsh, mksh and ksh93. Source it; do not run it.
# The functions are described in docs/shell-library.md, what they write in docs/journal-format.md.
#
# It changes nothing in the script that sources it: no option, trap, alias, descriptor, IFS or locale.
# Every function returns 0, except telemetry_step and telemetry_retry, which return their command's
# status. Nothing is printed on stdout but what a getter is asked for.
#
# It occupies: functions `telemetry_*` and `__chaos_*`, variables `__chaos_*`. It exports TRACEPARENT
# and CHAOS_OTEL_OPERATION while an operation is open, and CHAOS_OTEL_INBOX, CHAOS_OTEL_RUN_ID and
# TRACEPARENT where telemetry_init has to open a run of its own. In zsh it loads the parameter
# EPOCHREALTIME of zsh/datetime.
#
# How it keeps out of the way, for whoever changes it:
# - No command word stands bare: a backslash keeps aliases away, and "$__chaos_b" (`builtin` or
#   `command`) keeps functions away that have the name of a builtin.
# - No expansion outside quotes or an assignment, so IFS and `set -f` mean nothing here.
# - `f || :` around everything: errexit and the ERR trap do not look inside.
# - Positional parameters are the only local variables that all six shells have.
# - No pipe, $(...) or external command on the way of a call in bash 5 and zsh.

# Sourced twice in one shell: keep the open operations. The pid is there because under `set -a` a
# child script finds the variable and has none of the functions.
case ${__chaos_loaded-} in
    "$$") \return 0 ;;
esac

# ---- commands of the script -------------------------------------------------------------------
# Defined apart, because in zsh everything below is defined to run under options of its own, and a
# command of the script must run under the script's.

if \[ "${__chaos_inner-}" != "$$" ]; then

    # telemetry_step NAME -- COMMAND [ARG]...: run it as an operation, return its status.
    telemetry_step() {
        case $# in 0 | 1) \return 0 ;; esac
        case $2 in
            --) ;;
            *)
                __chaos_r=$1
                \shift
                \set -- "$__chaos_r" -- "$@"
                ;;
        esac
        case $# in 2) \return 0 ;; esac
        __chaos_opened=''
        __chaos __chaos_tell start "$1" ''
        __chaos_step "$__chaos_opened" "$@"
    }

    # telemetry_retry TRIES NAME -- COMMAND [ARG]...: run it until it succeeds, at most TRIES times;
    # return its last status.
    telemetry_retry() {
        case $# in 0 | 1 | 2) \return 0 ;; esac
        __chaos_r=$1 __chaos_r2=$2
        \shift 2
        case $1 in --) \shift ;; esac
        case $# in 0) \return 0 ;; esac
        case $__chaos_r in 0* | *[!0123456789]* | ??????* | '') __chaos_r=1 ;; esac
        \set -- "$__chaos_r" "$__chaos_r2" -- "$@"
        __chaos_opened=''
        __chaos __chaos_tell start "$2" "max_retries=$(($1 - 1))"
        __chaos_retry "$__chaos_opened" "$@"
    }

    # __chaos_step ID NAME -- COMMAND...
    __chaos_step() {
        # A function under errexit is called bare, as the script would call it: inside `||` the shell
        # would go on behind a failing line of it. If errexit then ends the script, the operation is
        # closed with the run.
        if __chaos_is_risky "$4"; then
            __chaos_without 3 "$@"
            \set -- "$1" "$?"
        else
            __chaos_without 3 "$@" && \set -- "$1" 0 || \set -- "$1" "$?"
        fi
        case $1 in ?*) __chaos __chaos_tell close "$1" "$2" '' ;; esac
        \return "$2"
    }

    # __chaos_retry ID TRIES NAME -- COMMAND...
    __chaos_retry() {
        \set -- 1 "$@" # the attempt
        while \:; do
            __chaos_without 5 "$@" && \set -- 0 "$@" || \set -- "$?" "$@"
            __chaos __chaos_tell tried "$1" "$2" "$4" "$3"
            case $1:$2 in
                0:* | *:"$4")
                    case $3 in
                        ?*)
                            __chaos_r=attempts=$2${__chaos_tab}max_retries=$(($4 - 1))
                            __chaos __chaos_tell close "$3" "$1" "$__chaos_r"
                            ;;
                    esac
                    \return "$1"
                    ;;
            esac
            __chaos_n=$(($2 + 1))
            \shift 2
            \set -- "$__chaos_n" "$@"
        done
    }

    # __chaos_without N ARG...: run what stands behind the first N of ARG.
    __chaos_without() {
        \shift "$(($1 + 1))"
        "$@"
    }

    # __chaos_is_risky COMMAND: errexit is on and COMMAND is a function.
    __chaos_is_risky() {
        case $- in *e*) ;; *) \return 1 ;; esac
        case $__chaos_shell in
            sh | ash) case $(\command -V "$1" 2>/dev/null) in *function*) \return 0 ;; esac ;;
            *) \typeset -f "$1" >/dev/null 2>&1 && \return 0 ;;
        esac
        \return 1
    }

    # zsh: source this file once more in sh emulation. Functions that are defined in it are sticky:
    # whatever the script has set, they run with clean options and put the script's back.
    if \[ -n "${ZSH_VERSION-}" ]; then
        __chaos_inner=$$
        # on one line each: the options of the script may forbid more
        \eval '__chaos_r=${(%):-%x}'
        case $__chaos_r in */*) ;; *) \[ ! -f "./$__chaos_r" ] || __chaos_r=./$__chaos_r ;; esac
        \eval '\builtin emulate -R sh -o no_multibyte -c "\\builtin . ${(q)__chaos_r}"'
        __chaos_inner=
        \return 0
    fi
fi

# ---- what the shells do differently -----------------------------------------------------------

__chaos_b=command
__chaos_clock=date
__chaos_ids=kernel
if \[ -n "${ZSH_VERSION-}" ]; then
    __chaos_shell=zsh __chaos_b=builtin
    "$__chaos_b" zmodload -F zsh/datetime p:EPOCHREALTIME 2>/dev/null && __chaos_clock=variable
elif \[ -n "${BASH_VERSION-}" ]; then
    __chaos_shell=bash __chaos_b=builtin
    \[ -z "${EPOCHREALTIME-}" ] || __chaos_clock=variable
    \[ -z "${SRANDOM-}" ] || __chaos_ids=srandom
else
    case ${KSH_VERSION-} in
        *MIRBSD* | *LEGACY*) __chaos_shell=mksh __chaos_b=builtin __chaos_clock=variable ;;
        *93*)
            __chaos_shell=ksh93 __chaos_clock=printf
            "$__chaos_b" printf -v __chaos_r '%(%s)T' now >/dev/null 2>&1 && __chaos_clock=printf-v
            ;;
        *)
            # busybox ash has substitutions and mostly the clock, dash neither; in dash a variable of
            # that name came from the environment and would stand still
            __chaos_shell=sh __chaos_clock=c_date
            if (\eval '__chaos_r=ab; \[ "${__chaos_r//a/b}" = bb ]') 2>/dev/null; then
                __chaos_shell=ash
                \[ -z "${EPOCHREALTIME-}" ] || __chaos_clock=variable
            fi
            ;;
    esac
fi

__chaos_tab='	' # a tab character
__chaos_lf='
'

# __chaos_put TEXT: to stdout as it is, in one write.
case $__chaos_shell in
    mksh) __chaos_put() { \builtin print -nr -- "$1"; } ;;
    *) __chaos_put() { "$__chaos_b" printf '%s' "$1"; } ;;
esac

# __chaos_now: __chaos_time = seconds since the epoch with decimals; the point may be a comma.
case $__chaos_clock in
    variable) __chaos_now() { __chaos_time=$EPOCHREALTIME; } ;;
    printf-v) __chaos_now() { "$__chaos_b" printf -v __chaos_time '%(%s.%6N)T' now; } ;;
    printf) __chaos_now() { __chaos_time=$("$__chaos_b" printf '%(%s.%6N)T' now); } ;; # does not fork
    c_date) # without a locale to load it takes half the time; LC_ALL may have been made read-only
        __chaos_now() {
            __chaos_time=$(LC_ALL=C \command date +%s.%N 2>/dev/null) ||
                __chaos_time=$(\command date +%s.%N 2>/dev/null) || __chaos_time=
        }
        ;;
    *) __chaos_now() { __chaos_time=$(\command date +%s.%N 2>/dev/null) || __chaos_time=; } ;;
esac

# __chaos_new_id: __chaos_id = 16 hex digits that no other process draws. Not from RANDOM: a script
# that has seeded it counts on its sequence, and subshells of zsh all draw the same numbers.
case $__chaos_ids in
    srandom)
        __chaos_new_id() { \builtin printf -v __chaos_id '%08x%08x' "$SRANDOM" "$SRANDOM"; }
        ;;
    *)
        __chaos_new_id() {
            __chaos_id=''
            if \[ -r /proc/sys/kernel/random/uuid ]; then
                IFS=- "$__chaos_b" read -r __chaos_r __chaos_id __chaos_r __chaos_r __chaos_r2 \
                    </proc/sys/kernel/random/uuid
                __chaos_id=$__chaos_id$__chaos_r2
            fi
            case $__chaos_id in
                *[!0123456789abcdef]*) ;; # ksh93 runs traps in the middle of a read
                ????????????????) \return 0 ;;
            esac
            __chaos_id=$(\command od -An -N8 -tx1 /dev/urandom | \command tr -d ' \n')
        }
        ;;
esac

# __chaos_in_bytes FUNCTION ARG...: call it where a character is a byte.
case $__chaos_shell in
    bash | ash)
        __chaos_in_bytes() {
            \local LC_ALL
            LC_ALL=C
            "$@"
        }
        ;;
    ksh93) \eval 'function __chaos_in_bytes { \typeset LC_ALL; LC_ALL=C; "$@"; }' ;;
    mksh)
        __chaos_in_bytes() {
            case $- in
                *U*)
                    \set +U
                    "$@"
                    \set -U
                    ;;
                *) "$@" ;;
            esac
        }
        ;;
    *) __chaos_in_bytes() { "$@"; } ;;
esac

# __chaos_escape TEXT: __chaos_text = TEXT as a field. What no payload could hold is cut. bash complains
# about a locale that is not there whenever it goes back to it.
__chaos_escape() {
    __chaos_text=$1
    case $1 in
        *[\\"$__chaos_tab$__chaos_lf"]*) __chaos_in_bytes __chaos_escape_all 2>/dev/null ;;
        *) \[ "${#1}" -le 262144 ] || __chaos_in_bytes __chaos_escape_all 2>/dev/null ;;
    esac
}
case $__chaos_shell in
    sh | ash) # busybox has substitutions, but overflows its stack in a long one
        __chaos_escape_all() {
            if \[ "${#__chaos_text}" -le 1000 ]; then
                __chaos_escape_short
                \return 0
            fi
            __chaos_n=${#__chaos_text} __chaos_r=''
            if \[ "$__chaos_n" -gt 262144 ]; then
                __chaos_r=" [cut: $((__chaos_n - 262144)) bytes]"
                __chaos_text=$(\command printf '%.262144s.' "$__chaos_text")
                __chaos_text=${__chaos_text%.}
            fi
            __chaos_text=$(
                \command printf '%s\n' "$__chaos_text$__chaos_r" |
                    LC_ALL=C \command sed -e 's/\\/\\\\/g' -e "s/$__chaos_tab/\\\\t/g" -e '$!s/$/\\n/' |
                    LC_ALL=C \command tr -d '\n'
            )
            \[ -n "$__chaos_text" ] || __chaos_text="[cut: $__chaos_n bytes, for want of sed and tr]"
        }
        __chaos_escape_short() {
            __chaos_r=$__chaos_text
            __chaos_text=''
            while \:; do
                __chaos_r2=${__chaos_r%%[\\"$__chaos_tab$__chaos_lf"]*}
                __chaos_text=$__chaos_text$__chaos_r2
                __chaos_r=${__chaos_r#"$__chaos_r2"}
                case $__chaos_r in
                    '') \return 0 ;;
                    \\*) __chaos_text=$__chaos_text'\\' ;;
                    "$__chaos_tab"*) __chaos_text=$__chaos_text'\t' ;;
                    *) __chaos_text=$__chaos_text'\n' ;;
                esac
                __chaos_r=${__chaos_r#?}
            done
        }
        ;;
    *)
        __chaos_escape_all() {
            if \[ "${#__chaos_text}" -gt 262144 ]; then
                __chaos_r=$((${#__chaos_text} - 262144))
                __chaos_text="${__chaos_text:0:262144} [cut: $__chaos_r bytes]"
            fi
            __chaos_r2=$__chaos_text __chaos_text='' __chaos_n=0
            while \[ "$__chaos_n" -lt "${#__chaos_r2}" ]; do # at once, mksh needs minutes for 100 KB
                __chaos_r=${__chaos_r2:$__chaos_n:1000}
                __chaos_r=${__chaos_r//\\/\\\\}
                __chaos_r=${__chaos_r//$__chaos_tab/\\t}
                __chaos_text=$__chaos_text${__chaos_r//$__chaos_lf/\\n}
                __chaos_n=$((__chaos_n + 1000))
            done
        }
        ;;
esac

# ---- lines and marks --------------------------------------------------------------------------

# __chaos_emit PAYLOAD: append it to the inbox.
case $__chaos_shell in
    bash)
        __chaos_emit() {
            case $1 in
                *[![:ascii:]]*) __chaos_in_bytes __chaos_emit_bytes "$1" 2>/dev/null ;;
                *) __chaos_emit_bytes "$1" ;; # a change of locale costs as much as the rest
            esac
        }
        ;;
    *) __chaos_emit() { __chaos_in_bytes __chaos_emit_bytes "$1"; } ;;
esac
__chaos_emit_bytes() {
    if \[ "${#1}" -gt 3990 ]; then
        __chaos_new_id
        __chaos_emit_pieces "$__chaos_id" "$1"
    else
        # For the complaint of a full file system. On the call and not on the builtin, and not to the
        # inbox: zsh ends a script that has failed to write to stderr.
        __chaos_put "${#1} $1$__chaos_lf" 2>/dev/null >>"$CHAOS_OTEL_INBOX"
    fi
}

# __chaos_emit_piece ID NUMBER LAST BYTES
__chaos_emit_piece() {
    __chaos_emit_bytes "P$__chaos_tab$1$__chaos_tab$2$__chaos_tab$3$__chaos_tab$4"
}

# __chaos_emit_pieces ID PAYLOAD
case $__chaos_shell in
    sh)
        __chaos_emit_pieces() {
            \command printf '%s\n' "$2" | LC_ALL=C \command fold -b -w 3900 | {
                __chaos_n=0
                IFS='' \command read -r __chaos_r
                while IFS='' \command read -r __chaos_r2; do
                    __chaos_emit_piece "$1" "$__chaos_n" 0 "$__chaos_r"
                    __chaos_r=$__chaos_r2
                    __chaos_n=$((__chaos_n + 1))
                done
                __chaos_emit_piece "$1" "$__chaos_n" 1 "$__chaos_r"
            }
        }
        ;;
    *)
        __chaos_emit_pieces() {
            __chaos_n=0
            while \[ "$(((__chaos_n + 1) * 3900))" -lt "${#2}" ]; do
                __chaos_emit_piece "$1" "$__chaos_n" 0 "${2:$((__chaos_n * 3900)):3900}"
                __chaos_n=$((__chaos_n + 1))
            done
            __chaos_emit_piece "$1" "$__chaos_n" 1 "${2:$((__chaos_n * 3900)):3900}"
        }
        ;;
esac

# __chaos_streams: __chaos_marked = which of our stdout and stderr capture reads. Asked each time:
# redirections come and go. Where both are one, stdout stands for it.
__chaos_streams() {
    __chaos_marked=''
    case $__chaos_nonce in '') \return 0 ;; esac
    if __chaos_is_out; then
        __chaos_marked=1
        case $__chaos_both in 1) \return 0 ;; esac
    fi
    if \[ /dev/fd/2 -ef "$__chaos_err" ]; then __chaos_marked=${__chaos_marked}2; fi
}

case $__chaos_shell in
    # ksh93 does not fork for $(...): its descriptor 1 is still the script's, unless it is duplicated
    ksh93) __chaos_is_out() { \[ /dev/fd/9 -ef "$__chaos_out" ] 2>/dev/null 9>&1; } ;;
    *) __chaos_is_out() { \[ /dev/fd/1 -ef "$__chaos_out" ]; } ;;
esac

# __chaos_mark ID: what follows on those belongs to ID.
__chaos_mark() {
    __chaos_streams
    case $__chaos_marked in 1*) __chaos_put_mark "$1" ;; esac
    case $__chaos_marked in *2) __chaos_put_mark "$1" >&2 ;; esac
}
case $__chaos_shell in
    mksh) __chaos_put_mark() { \builtin print -n -- "\\e_chaos:$__chaos_nonce:$1\\e\\\\"; } ;;
    *) __chaos_put_mark() { "$__chaos_b" printf "$__chaos_mark" "$1"; } ;;
esac

# ---- open operations --------------------------------------------------------------------------
# __chaos_stack: ID SPACE START TAB NAME LF for each, the innermost first. NAME is escaped, so that the
# separators are safe. __chaos_ended: END SPACE and the entry of each that ended, the latest last.

# __chaos_innermost: __chaos_up = the id that what begins now is a child of, or ''.
__chaos_innermost() {
    case $__chaos_stack in
        '')
            case $__chaos_context in
                "${TRACEPARENT-}:${CHAOS_OTEL_OPERATION-}") ;;
                *) __chaos_read_context ;;
            esac
            __chaos_up=$__chaos_base
            ;;
        *) __chaos_up=${__chaos_stack%% *} ;;
    esac
}

# __chaos_read_context: the trace that we are in while nothing of ours is open.
__chaos_read_context() {
    __chaos_trace='' __chaos_base='' __chaos_outside=0000000000000000
    __chaos_old_traceparent=${TRACEPARENT-} __chaos_old_operation=${CHAOS_OTEL_OPERATION-}
    __chaos_context=''
    case $__chaos_old_traceparent in
        *[!0123456789abcdef-]*) \return 0 ;;
        ??-????????????????????????????????-????????????????-??) ;;
        *) \return 0 ;;
    esac
    "$__chaos_b" export TRACEPARENT "CHAOS_OTEL_OPERATION=$__chaos_old_operation"
    __chaos_context=$__chaos_old_traceparent:$__chaos_old_operation
    __chaos_flags=${TRACEPARENT##*-}
    __chaos_trace=${TRACEPARENT%-*}
    __chaos_base=${__chaos_trace##*-}
    __chaos_trace=${__chaos_trace%-*}
    # a script that an operation of another script has started prints into that one
    case $__chaos_old_operation in "$__chaos_base") __chaos_outside=$__chaos_base ;; esac
}

# __chaos_push ID TIME NAME: it is open; programs that are started now are inside it.
__chaos_push() {
    __chaos_stack="$1 $2$__chaos_tab$3$__chaos_lf$__chaos_stack"
    __chaos_alone=$__chaos_lf
    __chaos_inside "$1"
}

# __chaos_inside ID: ID is the innermost; '' is what there was before the outermost.
__chaos_inside() {
    case $__chaos_trace:$1 in
        :*) ;;
        *:) TRACEPARENT=$__chaos_old_traceparent CHAOS_OTEL_OPERATION=$__chaos_old_operation ;;
        *) TRACEPARENT=$__chaos_trace-$1-$__chaos_flags CHAOS_OTEL_OPERATION=$1 ;;
    esac
}

# __chaos_find NAME: __chaos_id, __chaos_start = those of the innermost open one of that name, or ''.
__chaos_find() {
    __chaos_id='' __chaos_start=''
    __chaos_r=${__chaos_stack%%"$__chaos_tab$1$__chaos_lf"*}
    case $__chaos_r in "$__chaos_stack") \return 0 ;; esac
    __chaos_r=${__chaos_r##*"$__chaos_lf"}
    __chaos_id=${__chaos_r%% *}
    __chaos_start=${__chaos_r#* }
}

# __chaos_entry ID: __chaos_start, __chaos_text = START and NAME of one that is open.
__chaos_entry() {
    __chaos_r=${__chaos_stack#*"$1 "}
    __chaos_r=${__chaos_r%%"$__chaos_lf"*}
    __chaos_start=${__chaos_r%%"$__chaos_tab"*}
    __chaos_text=${__chaos_r#*"$__chaos_tab"}
}

# __chaos_pop ID START NAME END: not open any more, wherever in the stack it was; mark what follows.
__chaos_pop() {
    __chaos_alone=$__chaos_lf
    __chaos_r="$1 $2$__chaos_tab$3$__chaos_lf"
    __chaos_stack=${__chaos_stack%%"$__chaos_r"*}${__chaos_stack#*"$__chaos_r"}
    __chaos_ended=$__chaos_ended$4' '$__chaos_r
    case ${#__chaos_ended} in ????*) __chaos_forget ;; esac
    __chaos_up=${__chaos_stack%% *}
    __chaos_inside "$__chaos_up"
    __chaos_mark "${__chaos_up:-$__chaos_outside}"
}

# __chaos_forget: keep the last 1,000 characters or so of what has ended.
__chaos_forget() { __chaos_ended_before=$__chaos_ended __chaos_ended=''; }

# ---- the way in -------------------------------------------------------------------------------

# __chaos FUNCTION ARG...: call it out of sight of the script's errexit, ERR trap and `set -x`.
__chaos() {
    case $- in
        *x*)
            { \set +x; } 2>/dev/null
            "$@" || \:
            \set -x
            ;;
        *)
            __chaos_plain=$-
            "$@" || \:
            ;;
    esac
}

# __chaos_tell CALL ARG...: do it if somebody listens. A call from a trap handler that interrupts
# another call gives it its variables back.
__chaos_tell() {
    case ${CHAOS_OTEL_INBOX:+on}${TELEMETRY_ENABLED-}${CHAOS_OTEL_ENABLED-}${DO_NOT_TRACK-}${OTEL_SDK_DISABLED-} in
        on) ;;
        *) __chaos_is_wanted "$1" || \return 0 ;;
    esac
    case $__chaos_busy in
        '')
            __chaos_busy=1
            if __chaos_has_inbox; then "__chaos_do_$@"; fi
            __chaos_busy=''
            ;;
        *)
            __chaos_interrupt "$__chaos_text" "$__chaos_time" "$__chaos_id" "$__chaos_start" \
                "$__chaos_up" "$__chaos_marked" "$__chaos_n" "$__chaos_r" "$__chaos_r2" "$@"
            ;;
    esac
}
__chaos_interrupt() {
    __chaos_interrupting "$@"
    __chaos_text=$1 __chaos_time=$2 __chaos_id=$3 __chaos_start=$4 __chaos_up=$5
    __chaos_marked=$6 __chaos_n=$7 __chaos_r=$8 __chaos_r2=$9
}
__chaos_interrupting() {
    \shift 9
    if __chaos_has_inbox; then "__chaos_do_$@"; fi
}

# __chaos_has_inbox: it is there and takes lines; >> would make one where the run has gone.
__chaos_has_inbox() { \[ -f "${CHAOS_OTEL_INBOX-}" ] && \[ -w "$CHAOS_OTEL_INBOX" ]; }

# __chaos_is_wanted CALL: nobody has said no, and there is an inbox, or init may try to get one.
__chaos_is_wanted() {
    case ${TELEMETRY_ENABLED-} in 0 | [Ff][Aa][Ll][Ss][Ee] | [Nn][Oo] | [Oo][Ff][Ff]) \return 1 ;; esac
    case ${CHAOS_OTEL_ENABLED-} in 0 | [Ff][Aa][Ll][Ss][Ee] | [Nn][Oo] | [Oo][Ff][Ff]) \return 1 ;; esac
    case ${DO_NOT_TRACK-} in '' | 0 | [Ff][Aa][Ll][Ss][Ee] | [Nn][Oo] | [Oo][Ff][Ff]) ;; *) \return 1 ;; esac
    case ${OTEL_SDK_DISABLED-} in [Tt][Rr][Uu][Ee]) \return 1 ;; esac
    case ${CHAOS_OTEL_INBOX-} in ?*) \return 0 ;; esac
    case $1 in init) ;; *) \return 1 ;; esac
}

# ---- telling ----------------------------------------------------------------------------------

telemetry_init() {
    __chaos __chaos_own_run "${1-}" "${2-}"
    __chaos __chaos_tell init "${1-}" "${2-}"
}
telemetry_start_timer() { __chaos __chaos_tell start "${1-}" ''; }
telemetry_track_success() { __chaos __chaos_tell end ok "${1-}" ''; }
telemetry_track_error() { __chaos __chaos_tell end fail "${1-}" "${2-}"; }
telemetry_track_warning() { __chaos __chaos_tell event warning "${1-}" "${2-}"; }
telemetry_track_info() { __chaos __chaos_tell event info "${1-}" "${2-}"; }
telemetry_track_debug() { __chaos __chaos_tell event debug "${1-}" "${2-}"; }
telemetry_mark_changed() { __chaos __chaos_tell changed "${1-}"; }
telemetry_record_metric() { __chaos __chaos_tell pair M "${1-}" "${2-}"; }
telemetry_add_tag() { __chaos __chaos_tell pair T "${1-}" "${2-}"; }
telemetry_flush() { __chaos __chaos_tell flush; }

# Without a wrapper: a run of our own, which chaos-otel watches until this shell is gone.
__chaos_own_run() {
    case ${CHAOS_OTEL_INBOX-} in ?*) \return 0 ;; esac
    __chaos_is_wanted init || \return 0
    __chaos_r=$("${CHAOS_OTEL_COMMAND:-chaos-otel}" shell-open --pid "$$" "--name=$1" \
        "--script-version=$2" </dev/null 2>/dev/null) || \return 0
    __chaos_r2=${__chaos_r#*"$__chaos_lf"}
    __chaos_r=${__chaos_r%%"$__chaos_lf"*}
    \[ -w "$__chaos_r" ] || \return 0
    "$__chaos_b" export "CHAOS_OTEL_INBOX=$__chaos_r" "CHAOS_OTEL_RUN_ID=${__chaos_r2%%"$__chaos_lf"*}" \
        "TRACEPARENT=${__chaos_r2#*"$__chaos_lf"}"
}

# init NAME VERSION: the first line of an inbox names the run; a later init is an operation.
__chaos_do_init() {
    __chaos_now
    case $__chaos_inits in '') __chaos_baseline ;; esac
    __chaos_innermost
    __chaos_new_id
    __chaos_escape "$2"
    \set -- "$1" "$__chaos_text" "$__chaos_id" "$__chaos_time" "$__chaos_up"
    __chaos_escape "$1"
    __chaos_inits="$3$__chaos_lf$__chaos_inits"
    if \[ -s "$CHAOS_OTEL_INBOX" ]; then
        __chaos_push "$3" "$4" "$__chaos_text"
    fi
    __chaos_emit "I$__chaos_tab$3$__chaos_tab$4$__chaos_tab$__chaos_text$__chaos_tab$2$__chaos_tab$5"
    case $__chaos_stack in "$3 "*) __chaos_mark "$3" ;; esac
}

# flush: what the last init began is complete; the last one left is kept for a script that goes on.
__chaos_do_flush() {
    case $__chaos_inits in '') \return 0 ;; esac
    __chaos_now
    \set -- "${__chaos_inits%%"$__chaos_lf"*}"
    __chaos_r=${__chaos_inits#*"$__chaos_lf"}
    case $__chaos_r in ?*) __chaos_inits=$__chaos_r ;; esac
    __chaos_marked=''
    __chaos_r=${__chaos_stack%%"$1 "*}
    case $__chaos_r in
        "$__chaos_stack") ;;
        *)
            __chaos_entry "$1"
            __chaos_pop "$1" "$__chaos_start" "$__chaos_text" "$__chaos_time"
            ;;
    esac
    __chaos_r=${__chaos_marked:+${__chaos_tab}marks=$__chaos_marked}
    __chaos_emit "F$__chaos_tab$1$__chaos_tab$__chaos_time$__chaos_r"
}

# start NAME FIELD: the line first, then the marks.
__chaos_do_start() {
    __chaos_now
    __chaos_innermost
    __chaos_new_id
    __chaos_escape "$1"
    \set -- "$__chaos_id" "$__chaos_time" "$__chaos_text" "${2:+$__chaos_tab$2}"
    __chaos_emit "S$__chaos_tab$1$__chaos_tab$2$__chaos_tab$__chaos_up$__chaos_tab$3$4"
    __chaos_push "$1" "$2" "$3"
    __chaos_mark "$1"
    __chaos_opened=$1
}

# end RESULT NAME MESSAGE: the innermost open one of that name; without a name the innermost.
__chaos_do_end() {
    __chaos_now
    case $2 in
        '') __chaos_find_innermost ;;
        *)
            __chaos_escape "$2"
            __chaos_find "$__chaos_text"
            ;;
    esac
    case $__chaos_id$__chaos_text in '') \return 0 ;; esac
    \set -- "$1" "$__chaos_text" "$3" "$__chaos_id" "$__chaos_start" "$__chaos_time"
    __chaos_escape "$3"
    __chaos_finish "$4" "$5" "$2" "$6" "$1" "$__chaos_text" ''
}
__chaos_find_innermost() {
    __chaos_id=${__chaos_stack%% *}
    __chaos_text=
    case $__chaos_id in ?*) __chaos_entry "$__chaos_id" ;; esac
}

# __chaos_finish ID START NAME END RESULT MESSAGE FIELDS: the marks first, then the line.
__chaos_finish() {
    case $1 in
        '')
            __chaos_innermost
            __chaos_r=${__chaos_up:+${__chaos_tab}parent=$__chaos_up}
            ;;
        *)
            __chaos_pop "$1" "$2" "$3" "$4"
            __chaos_r=${__chaos_marked:+${__chaos_tab}marks=$__chaos_marked}
            ;;
    esac
    __chaos_r=$6${7:+$__chaos_tab$7}$__chaos_r
    __chaos_emit "E$__chaos_tab$1$__chaos_tab$4$__chaos_tab$3$__chaos_tab$5$__chaos_tab$__chaos_r"
}

# close ID STATUS FIELDS: a step's end, by its id, for its name may be open twice.
__chaos_do_close() {
    __chaos_now
    case $__chaos_stack in *"$1 "*) ;; *) \return 0 ;; esac # its own command has closed it
    __chaos_entry "$1"
    case $2 in
        0) __chaos_finish "$1" "$__chaos_start" "$__chaos_text" "$__chaos_time" ok '' \
            "exit=0${3:+$__chaos_tab$3}" ;;
        *) __chaos_finish "$1" "$__chaos_start" "$__chaos_text" "$__chaos_time" fail "exit status $2" \
            "exit=$2${3:+$__chaos_tab$3}" ;;
    esac
}

# tried STATUS ATTEMPT TRIES ID: a warning for each attempt that failed.
__chaos_do_tried() {
    case $1:$4 in 0:* | *:) \return 0 ;; esac
    case $__chaos_stack in *"$4 "*) ;; *) \return 0 ;; esac
    __chaos_now
    __chaos_entry "$4"
    __chaos_r="$__chaos_text${__chaos_tab}attempt $2 of $3: exit status $1"
    __chaos_r="$__chaos_r${__chaos_tab}attempt=$2${__chaos_tab}exit=$1"
    __chaos_emit "V$__chaos_tab$4$__chaos_tab$__chaos_time${__chaos_tab}warning$__chaos_tab$__chaos_r"
}

# event TYPE NAME MESSAGE
__chaos_do_event() {
    __chaos_now
    __chaos_escape "$2"
    __chaos_find "$__chaos_text"
    \set -- "$1" "$__chaos_text" "$3" "$__chaos_id" "$__chaos_time"
    __chaos_escape "$3"
    __chaos_emit "V$__chaos_tab$4$__chaos_tab$5$__chaos_tab$1$__chaos_tab$2$__chaos_tab$__chaos_text"
}

# changed NAME: without a name the innermost.
__chaos_do_changed() {
    __chaos_now
    case $1 in
        '') __chaos_find_innermost ;;
        *)
            __chaos_escape "$1"
            __chaos_find "$__chaos_text"
            ;;
    esac
    case $__chaos_id$__chaos_text in '') \return 0 ;; esac
    __chaos_emit "C$__chaos_tab$__chaos_id$__chaos_tab$__chaos_time$__chaos_tab$__chaos_text"
}

# pair KIND NAME VALUE: a metric or a tag.
__chaos_do_pair() {
    __chaos_now
    __chaos_escape "$2"
    \set -- "$1" "$__chaos_text" "$3" "$__chaos_time"
    __chaos_escape "$3"
    __chaos_emit "$1$__chaos_tab$4$__chaos_tab$2$__chaos_tab$__chaos_text"
}

# ---- bash, the short way ----------------------------------------------------------------------
# Most steps have a plain name, stand alone, succeed and print where capture reads. A command of bash
# costs 1 to 3 µs, a step may cost a fifth of a fork (of some 700 µs), and half of that is system calls.
# So those are done here in as few commands as it takes, calling nothing. Whatever is unusual goes the
# long way, and both write the same. __chaos_alone: NAME of an operation that was begun here and is the
# only one, with its id beside it; else a line feed, which is no name. __chaos_plain: the last $- that
# had no x.

case $__chaos_ids in
    srandom)
        telemetry_start_timer() {
            case ${CHAOS_OTEL_INBOX:+on}${TELEMETRY_ENABLED-}${CHAOS_OTEL_ENABLED-}${DO_NOT_TRACK-}\
${OTEL_SDK_DISABLED-}$__chaos_busy:$-:${1-}:$__chaos_stack$__chaos_context in
                # not alone; no name; a name of more than printable ASCII
                *[!]\ -[^-~]* | *::*) __chaos __chaos_tell start "${1-}" '' ;;
                "on:$__chaos_plain:$1:${TRACEPARENT-}:${CHAOS_OTEL_OPERATION-}")
                    if [[ /dev/fd/1 -ef $__chaos_out && /dev/fd/2 -ef $__chaos_err && ${#1} -lt 999 ]]; then
                        __chaos_busy=1 __chaos_start=$EPOCHREALTIME
                        \builtin printf -v __chaos_alone_id '%08x%08x' "$SRANDOM" "$SRANDOM"
                        __chaos_stack=$__chaos_alone_id' '$__chaos_start$__chaos_tab$1$__chaos_lf \
                            __chaos_r=$__chaos_start$__chaos_tab$__chaos_base$__chaos_tab$1 \
                            __chaos_r=S$__chaos_tab$__chaos_alone_id$__chaos_tab$__chaos_r \
                            TRACEPARENT=$__chaos_trace-$__chaos_alone_id-$__chaos_flags \
                            CHAOS_OTEL_OPERATION=$__chaos_alone_id __chaos_alone=$1
                        \builtin printf '%s %s\n' "${#__chaos_r}" "$__chaos_r" \
                            >>"$CHAOS_OTEL_INBOX" 2>&1 || \:
                        \builtin printf "$__chaos_mark" "$__chaos_alone_id" || \:
                        case $__chaos_both in
                            12) \builtin printf "$__chaos_mark" "$__chaos_alone_id" >&2 || \: ;;
                        esac
                        __chaos_busy=''
                    else
                        __chaos __chaos_tell start "$1" ''
                    fi
                    ;;
                *) __chaos __chaos_tell start "${1-}" '' ;;
            esac
        }
        telemetry_track_success() {
            case ${CHAOS_OTEL_INBOX:+on}$__chaos_busy:$-:${1-} in
                "on:$__chaos_plain:$__chaos_alone")
                    if [[ /dev/fd/1 -ef $__chaos_out && /dev/fd/2 -ef $__chaos_err ]]; then
                        __chaos_busy=1 __chaos_time=$EPOCHREALTIME \
                            __chaos_r=$1${__chaos_tab}ok$__chaos_tab${__chaos_tab}marks=$__chaos_both \
                            __chaos_r=E$__chaos_tab$__chaos_alone_id$__chaos_tab$__chaos_time$__chaos_tab$__chaos_r \
                            __chaos_ended=$__chaos_ended$__chaos_time' '$__chaos_stack \
                            __chaos_stack='' __chaos_alone=$__chaos_lf \
                            TRACEPARENT=$__chaos_old_traceparent CHAOS_OTEL_OPERATION=$__chaos_old_operation
                        case ${#__chaos_ended} in ????*) __chaos_forget ;; esac
                        \builtin printf "$__chaos_mark" "$__chaos_outside" || \:
                        case $__chaos_both in
                            12) \builtin printf "$__chaos_mark" "$__chaos_outside" >&2 || \: ;;
                        esac
                        \builtin printf '%s %s\n' "${#__chaos_r}" "$__chaos_r" \
                            >>"$CHAOS_OTEL_INBOX" 2>&1 || \:
                        __chaos_busy=''
                    else
                        __chaos __chaos_tell end ok "$1" ''
                    fi
                    ;;
                *) __chaos __chaos_tell end ok "${1-}" '' ;;
            esac
        }
        ;;
esac

# ---- asking -----------------------------------------------------------------------------------

telemetry_get_duration() { __chaos __chaos_get_duration "${1-}"; }
telemetry_get_memory_usage() { __chaos __chaos_get_memory; }
telemetry_get_cpu_usage() { __chaos __chaos_get_cpu; }
telemetry_get_disk_usage() { __chaos __chaos_get_disk; }
telemetry_get_network_usage() { __chaos __chaos_get_network; }

# Seconds since OP began, or that it took (of the last ones that ended); without OP since telemetry_init.
__chaos_get_duration() {
    __chaos_now
    case $1 in
        '') __chaos_seconds "$__chaos_began" "$__chaos_time" ;;
        *)
            __chaos_escape "$1"
            __chaos_find "$__chaos_text"
            case $__chaos_id in
                '') __chaos_took "$__chaos_text" ;;
                *) __chaos_seconds "$__chaos_start" "$__chaos_time" ;;
            esac
            ;;
    esac
    __chaos_put "$__chaos_r$__chaos_lf"
}
__chaos_took() {
    \set -- "$1" "$__chaos_ended_before$__chaos_ended"
    __chaos_r=${2%"$__chaos_tab$1$__chaos_lf"*}
    case $__chaos_r in "$2") __chaos_r='0 0' ;; esac
    __chaos_r=${__chaos_r##*"$__chaos_lf"}
    __chaos_seconds "${__chaos_r##* }" "${__chaos_r%% *}"
}

# __chaos_seconds FROM TO: __chaos_r = TO - FROM with six decimals, never negative. The halves apart,
# because mksh counts with 32 bits.
__chaos_seconds() {
    __chaos_micros "$1"
    \set -- "${1%%[.,]*}" "${2%%[.,]*}" "$__chaos_r" "$2"
    __chaos_micros "$4"
    \set -- "$((${2:-0} - ${1:-0}))" "$((1$__chaos_r - 1$3))"
    case $2 in -*) \set -- "$(($1 - 1))" "$(($2 + 1000000))" ;; esac
    case $1 in -*) \set -- 0 0 ;; esac
    __chaos_r=$((1000000 + $2))
    __chaos_r=$1.${__chaos_r#1}
}
__chaos_micros() {
    case $1 in
        *[.,]*) __chaos_r=${1#*[.,]}000000 ;;
        *) __chaos_r=000000 ;;
    esac
    case $__chaos_r in *[!0123456789]*) __chaos_r=000000 ;; esac
    __chaos_r=${__chaos_r%"${__chaos_r#??????}"}
}

# __chaos_thousandths N: print N / 1000.
__chaos_thousandths() {
    __chaos_r=$((1000 + $1 % 1000))
    __chaos_put "$(($1 / 1000)).${__chaos_r#1}$__chaos_lf"
}

# MB (1,000,000 bytes) of memory that this shell has resident now.
__chaos_get_memory() {
    __chaos_n=0
    if \[ -r "/proc/$$/status" ]; then
        while IFS=" $__chaos_tab" "$__chaos_b" read -r __chaos_r __chaos_r2 __chaos_text; do
            case $__chaos_r in VmRSS:) __chaos_n=$__chaos_r2 ;; esac
        done <"/proc/$$/status"
    else
        __chaos_n=$(($(\command ps -o rss= -p "$$" 2>/dev/null || \:) + 0))
    fi
    __chaos_thousandths "$((__chaos_n + __chaos_n * 24 / 1000))"
}

# Percent of one CPU that this shell and the children it has waited for used since telemetry_init.
__chaos_get_cpu() {
    __chaos_now
    __chaos_seconds "$__chaos_began" "$__chaos_time"
    __chaos_n=${__chaos_r#*.}
    __chaos_n=$((${__chaos_r%.*} * 100 + (1$__chaos_n - 1000000) / 10000))
    case $__chaos_n in 0) __chaos_n=1 ;; esac
    __chaos_ticks
    __chaos_n=$(((__chaos_r - __chaos_began_ticks) * 1000 / __chaos_n))
    __chaos_put "$((__chaos_n / 10)).$((__chaos_n % 10))$__chaos_lf"
}

# __chaos_ticks: __chaos_r = CPU time in 1/100 s (USER_HZ is 100 on every Linux), user and system.
__chaos_ticks() {
    __chaos_r=0
    \[ -r "/proc/$$/stat" ] || \return 0
    IFS='' "$__chaos_b" read -r __chaos_r <"/proc/$$/stat"
    __chaos_r=${__chaos_r##*") "} # the name before may hold anything
    __chaos_r=${__chaos_r#* * * * * * * * * * * }
    \set -- "${__chaos_r%% *}" "${__chaos_r#* }"
    \set -- "$1" "${2%% *}" "${2#* }"
    \set -- "$1" "$2" "${3%% *}" "${3#* }"
    __chaos_r=$(($1 + $2 + $3 + ${4%% *}))
}

# MB in use on the file system of the working folder.
__chaos_get_disk() {
    \command df -Pk . 2>/dev/null | {
        __chaos_n=0
        "$__chaos_b" read -r __chaos_r
        IFS=" $__chaos_tab" "$__chaos_b" read -r __chaos_r __chaos_r2 __chaos_n __chaos_text
        __chaos_thousandths "$((${__chaos_n:-0} + ${__chaos_n:-0} / 1000 * 24))"
    }
}

# MB that this machine received and sent since telemetry_init, over all interfaces but the loopback.
__chaos_get_network() {
    __chaos_network
    __chaos_thousandths "$((__chaos_n - __chaos_began_network))"
}

# __chaos_network: __chaos_n = thousands of bytes.
__chaos_network() {
    __chaos_n=0
    \[ -r /proc/net/dev ] || \return 0
    while IFS=" $__chaos_tab:" "$__chaos_b" read -r __chaos_r __chaos_r2 __chaos_text __chaos_text \
        __chaos_text __chaos_text __chaos_text __chaos_text __chaos_text __chaos_start __chaos_text; do
        case $__chaos_r:$__chaos_r2$__chaos_start in
            lo:* | *:*[!0123456789]* | *:) ;;
            *)
                case $__chaos_r2 in ????*) __chaos_n=$((__chaos_n + ${__chaos_r2%???})) ;; esac
                case $__chaos_start in ????*) __chaos_n=$((__chaos_n + ${__chaos_start%???})) ;; esac
                ;;
        esac
    done </proc/net/dev
}

# __chaos_baseline: what "since telemetry_init" counts from.
__chaos_baseline() {
    __chaos_began=$__chaos_time
    __chaos_ticks
    __chaos_began_ticks=$__chaos_r
    __chaos_network
    __chaos_began_network=$__chaos_n
}

# ---- what is known, on stderr -----------------------------------------------------------------

# Each calls the command of its name, with its arguments; all that is said goes to stderr.
telemetry_status() {
    __chaos __chaos_say
    __chaos __chaos_call status "$@"
}
telemetry_test_connection() { __chaos __chaos_call test-connection "$@"; }
telemetry_logs() { __chaos __chaos_call logs "$@"; }
telemetry_reset() { __chaos __chaos_call reset "$@"; }

# __chaos_call WORD ARG...
__chaos_call() {
    __chaos_r=${CHAOS_OTEL_COMMAND:-chaos-otel}
    if "$__chaos_b" command -v "$__chaos_r" >/dev/null 2>&1; then
        "$__chaos_r" "$@" </dev/null >&2 || \:
    else
        __chaos_put "telemetry: $__chaos_r is not on the PATH, so there is no $1$__chaos_lf" >&2
    fi
}

# __chaos_say: whether this script is recorded.
__chaos_say() {
    if ! __chaos_is_wanted init; then
        __chaos_r='off: TELEMETRY_ENABLED, CHAOS_OTEL_ENABLED, DO_NOT_TRACK or OTEL_SDK_DISABLED'
    elif __chaos_has_inbox; then
        __chaos_r="recording run ${CHAOS_OTEL_RUN_ID-}"
    else
        __chaos_r='not recording: run it by "chaos-otel run --", or call telemetry_init'
    fi
    __chaos_put "telemetry: $__chaos_r$__chaos_lf" >&2
}

# ---- state ------------------------------------------------------------------------------------

__chaos_busy='' __chaos_stack='' __chaos_alone=$__chaos_lf __chaos_plain='' __chaos_ended='' __chaos_ended_before=''
__chaos_inits='' __chaos_opened='' __chaos_context='' __chaos_trace='' __chaos_flags=''
__chaos_base='' __chaos_outside='' __chaos_old_traceparent='' __chaos_old_operation=''
__chaos_text='' __chaos_id='' __chaos_start='' __chaos_up='' __chaos_marked=''
__chaos_n='' __chaos_r='' __chaos_r2=''

# CHAOS_OTEL_MARKS is NONCE:OUT:ERR
__chaos_nonce=${CHAOS_OTEL_MARKS-}
__chaos_err=${__chaos_nonce#*:}
__chaos_nonce=${__chaos_nonce%%:*}
__chaos_mark='\033_chaos:'$__chaos_nonce':%s\033\\'
__chaos_out=${__chaos_err%%:*}
__chaos_err=${__chaos_err#*:}
__chaos_both=12
case $__chaos_err in "$__chaos_out") __chaos_both=1 ;; esac

__chaos __chaos_now
__chaos __chaos_baseline
__chaos_loaded=$$
