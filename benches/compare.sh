#!/usr/bin/env bash
# How fast is racevm beside Spin on the very same graphs?
#
# Runs both, one after the other, on the models beside this script: each is written twice, for racevm (.rvm) and in
# Promela (.pml), so that one step of the one is one transition of the other. The numbers of states and transitions
# have to be equal, or the comparison fails. Prints two tables in Markdown; with --readme it puts them into README.md.
#
#   benches/compare.sh [--readme] [MODEL…]
#
# Needs spin, a C compiler and GNU time. RACEVM names the program to measure (default: a release build made here).
# Figures of a machine that does something else meanwhile are worth nothing; all models take some minutes.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
models=$root/benches/models
all=(increments_3_5 increments_4_3 filter_3_2 buffer_4_4 stack_2_4 filter bakery ticket mcs buffer philosophers)
readme=false
if [[ ${1:-} == --readme ]]; then
    readme=true
    shift
fi
[[ $# -gt 0 ]] || set -- "${all[@]}"

for tool in spin cc /usr/bin/time awk; do
    command -v "$tool" >/dev/null || { echo "compare.sh: $tool is not installed" >&2; exit 2; }
done
if [[ -z ${RACEVM:-} ]]; then
    cargo build --release --quiet --manifest-path "$root/Cargo.toml"
    RACEVM=$(cargo metadata --format-version 1 --no-deps --manifest-path "$root/Cargo.toml" |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/racevm
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# How deep Spin's search may go: what it needs, as the stack for that is set aside from the start.
depth() {
    case $1 in
        philosophers) echo 5000000 ;;
        filter_3_2) echo 20000 ;;
        *) echo 10000 ;;
    esac
}

# measure FILE COMMAND…: runs a command; its output goes to FILE.out, and to FILE.time processor seconds, wall
# seconds and the peak of its memory in KiB. What takes little time is run up to five times, and of each figure the
# smallest counts. racevm's exit code 1 says that something unexpected was found.
measure() {
    local file=$1 code run
    shift
    : >"$file.raws"
    for run in 1 2 3 4 5; do
        code=0
        /usr/bin/time -q -f '%U %S %e %M' -o "$file.raw" "$@" >"$file.out" 2>"$file.err" || code=$?
        if ((code > 1)); then
            echo "compare.sh: exit code $code of: $*" >&2
            cat "$file.err" >&2
            exit 1
        fi
        cat "$file.raw" >>"$file.raws"
        if awk '{ sum += $3 } END { exit sum < 3 }' "$file.raws"; then break; fi
    done
    awk 'function least(x, y) { return NR == 1 || x < y ? x : y }
        { cpu = least($1 + $2, cpu); wall = least($3, wall); kib = least($4, kib) }
        END { print cpu, wall, kib }' "$file.raws" >"$file.time"
}

# spin_run MODEL VARIANT SLOTS SPIN-FLAGS C-FLAGS: makes a verifier and runs it; SLOTS is the logarithm of its
# table's size. Leaves STATES TRANSITIONS CPU WALL KIB COMPILE in MODEL.VARIANT.
spin_run() {
    local model=$1 variant=$2 slots=$3 spin_flags=$4 c_flags=$5 file=$work/$1.$2 compile
    mkdir -p "$file.d"
    # shellcheck disable=SC2086
    measure "$file.make" sh -c "cd '$file.d' && spin $spin_flags -a '$models/$model.pml' &&
        cc -O3 -w -DSAFETY -DMEMLIM=16000 $c_flags -o pan pan.c"
    compile=$(cut -d' ' -f2 "$file.make.time")
    measure "$file" "$file.d/pan" -c0 -E -n "-m$(depth "$model")" "-w$slots"
    if grep -q 'max search depth too small' "$file.out" "$file.err"; then
        echo "compare.sh: Spin's search of $model was cut at its depth" >&2
        exit 1
    fi
    awk -v time="$(cat "$file.time")" -v compile="$compile" '
        / states, stored/ { states = $1 }
        / transitions \(=/ { transitions = $1 }
        END { print states, transitions, time, compile }' "$file.out" >"$file.row"
}

# racevm_run MODEL VARIANT FLAGS…: the same for racevm; nothing is compiled.
racevm_run() {
    local file=$work/$1.$2 model=$1
    shift 2
    measure "$file" "$RACEVM" explore "$models/$model.rvm" --quiet --json "$@"
    awk -v time="$(cat "$file.time")" '
        /"complete": false/ { exit }
        /^  "states":/ { states = $2 + 0 }
        /^  "transitions":/ { transitions = $2 + 0 }
        END { print states, transitions, time, 0 }' "$file.out" >"$file.row"
    if [[ $(cut -d' ' -f1 "$file.row") == "" ]]; then
        echo "compare.sh: racevm's search of $model was cut" >&2
        exit 1
    fi
}

for model in "$@"; do
    echo "$model …" >&2
    racevm_run "$model" one --no-reduction --threads 1
    racevm_run "$model" two --no-reduction --threads 2
    racevm_run "$model" reduced --reduce all --threads 1
    states=$(cut -d' ' -f1 "$work/$model.one.row")
    slots=$(awk -v states="$states" 'BEGIN { for (slots = 18; 2 ^ slots < states; slots++); print slots }')
    spin_run "$model" full "$slots" -o3 -DNOREDUCE
    spin_run "$model" collapse "$slots" -o3 '-DNOREDUCE -DCOLLAPSE'
    spin_run "$model" por "$slots" '' ''
    # Spin counts the way into the initial state as a transition.
    if ! awk 'NR == 1 { states = $1; transitions = $2 } NR == 2 { exit !($1 == states && $2 == transitions + 1) }' \
        "$work/$model.one.row" "$work/$model.full.row"; then
        echo "compare.sh: the graphs of $model differ: racevm $(cut -d' ' -f1,2 "$work/$model.one.row")," \
            "Spin $(cut -d' ' -f1,2 "$work/$model.full.row")" >&2
        exit 1
    fi
    for variant in one two reduced full collapse por; do
        echo "$model $variant $(cat "$work/$model.$variant.row")"
    done >>"$work/rows"
done

processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
awk -v processor="${processor:-unknown}" -v spin="$(spin -V | awk '{ print $3 }')" -v cores="$(nproc)" '
    # Digits enough to compare, few enough to read.
    function short(x) { return sprintf(x < 10 ? "%.2f" : x < 100 ? "%.1f" : "%.0f", x) }
    function thousands(n,    text, out) {
        text = sprintf("%d", n)
        for (out = ""; length(text) > 3; text = substr(text, 1, length(text) - 3))
            out = "," substr(text, length(text) - 2) out
        return text out
    }
    # Seconds shorter than the clock shows are taken for one tick.
    function tick(seconds) { return seconds < 0.01 ? 0.01 : seconds }
    function rate(row) { return states[row] / tick(cpu[row]) / 1e6 }
    function bytes(row) { return kib[row] * 1024 / states[row] }
    {
        if (!($1 in seen)) { seen[$1] = 1; order[++models] = $1 }
        row = $1 " " $2
        states[row] = $3; transitions[row] = $4; cpu[row] = $5; wall[row] = $6; kib[row] = $7; make[row] = $8
    }
    END {
        printf "%s, %d hardware threads; Spin %s. M/s: millions of states for each second of processor time.\n", \
            processor, cores, spin
        print "B: bytes of the process at its peak for each state. Two: by the clock, with two threads against one.\n"
        print "The whole graph, exact:\n"
        print "| model | states | transitions | Spin M/s | B | COLLAPSE M/s | B | racevm M/s | B | faster | two |"
        print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        for (i = 1; i <= models; i++) {
            m = order[i]; one = m " one"; full = m " full"; collapse = m " collapse"
            printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s× | %s× |\n", m, thousands(states[one]), \
                thousands(transitions[one]), short(rate(full)), short(bytes(full)), short(rate(collapse)), \
                short(bytes(collapse)), short(rate(one)), short(bytes(one)), short(rate(one) / rate(full)), \
                short(tick(wall[one]) / tick(wall[m " two"]))
        }
        print "\nWith reductions, and from the source to the answer by the clock:\n"
        print "| model | Spin states | s | racevm states | s | fewer states |"
        print "| --- | ---: | ---: | ---: | ---: | ---: |"
        for (i = 1; i <= models; i++) {
            m = order[i]; por = m " por"; reduced = m " reduced"
            printf "| %s | %s | %s | %s | %s | %s× |\n", m, thousands(states[por]), short(make[por] + wall[por]), \
                thousands(states[reduced]), short(wall[reduced]), short(states[por] / states[reduced])
        }
    }' "$work/rows" >"$work/tables"

cat "$work/tables"
if $readme; then
    awk -v tables="$work/tables" '
        /^<!-- figures -->$/ { print; print ""; while ((getline line < tables) > 0) print line; print ""; skip = 1; next }
        /^<!-- end of figures -->$/ { skip = 0 }
        !skip' "$root/README.md" >"$work/README.md"
    cp "$work/README.md" "$root/README.md"
fi
