#!/bin/sh
# shellcheck disable=SC2012,SC2015,SC2153,SC2238,SC2254
# Tests of banger-shim, the program in $SHIM, with those in $PROGRAMS. `make test` calls this.
set -eu
shim=$(realpath "$SHIM")
here=$(dirname "$(realpath "$0")")
product=$here/../build/banger-shim
base=$(mktemp -d /tmp/banger-shim-test.XXXXXX)
program=$base/program
trap 'umount "$base/full" 2>/dev/null || true; rm -rf "$base"' EXIT
cp "$PROGRAMS/shim_program" "$program"
chmod 755 "$base" # another user executes the program
failures=0
root=false
[ "$(id -u)" = 0 ] && root=true

fail() {
  echo "  FAILED: $*"
  failures=$((failures + 1))
}

# A fresh directory a test.
begin() {
  echo "$*"
  rm -rf "$base/vm"
  mkdir "$base/vm"
  cd "$base/vm"
}

expect() { # expect TEXT PATTERN
  case $1 in $2) ;; *) fail "got '$1', expected '$2'" ;; esac
}

# Waits until a command succeeds: 10 s at most.
await() {
  attempt=0
  until "$@"; do
    attempt=$((attempt + 1))
    [ $attempt -lt 1000 ] || { fail "waited 10 s for: $*"; return 0; }
    sleep 0.01
  done
}

field() { sed -n "s/^\\(.* \\)\\{0,1\\}$1=\\([^ ]*\\).*/\\2/p"; } # field NAME <LINE
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.[ZX]' "/proc/$1/status" 2>/dev/null; }
listing() { find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' '; }

# Starts the shim in the background, waits for its line, leaves it in $line.
start() {
  : >"$base/report"
  "$shim" "$@" >"$base/report" &
  await test -s "$base/report"
  line=$(cat "$base/report")
}

exit_status_is_recorded() {
  begin "the exit status is recorded, and ready and vmm say who runs"
  start --dir . -- "$program" exit 7
  expect "$line" 'ready pid=[0-9]* start=[0-9]* shim-start=[0-9]*'
  await test -e exit
  expect "$(cat exit)" 'status=7 time=1[0-9]*'
  expect "$(cat vmm)" 'pid=[0-9]* start=[0-9]* boot=????????-*-* shim=[0-9]* shim-start=[0-9]*'
  [ "$(field boot <vmm)" = "$(cat /proc/sys/kernel/random/boot_id)" ] || fail "another boot id"
  [ "$(field pid <vmm)" = "$(echo "$line" | field pid)" ] || fail "ready and vmm name different processes"
  expect "$(listing)" 'exit vmm '
}

signal_is_recorded() {
  begin "the signal is recorded"
  start --dir . -- "$program" raise 9
  await test -e exit
  expect "$(cat exit)" 'signal=9 time=1[0-9]*'
}

start_times_are_those_of_proc() {
  begin "the start times are those of /proc, and the shim is a session of its own"
  start --dir . -- "$program" wait
  pid=$(field pid <vmm) parent=$(field shim <vmm)
  [ "$(cut -d' ' -f22 "/proc/$pid/stat")" = "$(echo "$line" | field start)" ] || fail "start is not field 22"
  [ "$(cut -d' ' -f22 "/proc/$parent/stat")" = "$(echo "$line" | field shim-start)" ] || fail "shim-start is not field 22"
  [ "$(cut -d' ' -f6 "/proc/$parent/stat")" = "$parent" ] || fail "the shim leads no session"
  kill -TERM "$parent"
  await test -e exit
  expect "$(cat exit)" 'signal=15 *'
  await gone "$parent"
}

named_pipe_leads_to_the_log() {
  begin "what is written to the named pipe is in the log"
  mkfifo pipe
  # shellcheck disable=SC2016 # the program's shell expands it
  start --dir . --stderr log:8192 --stderr-pipe pipe -- /bin/sh -c 'echo by descriptor >&2; echo by name >"$1"' sh "$PWD/pipe"
  await test -e exit
  expect "$(cat exit)" 'status=0 *'
  expect "$(cat log)" 'by descriptor*by name'
  rm exit vmm log pipe
  : >pipe
  status=0
  line=$("$shim" --dir . --stderr log:8192 --stderr-pipe pipe -- /bin/true) || status=$?
  expect "$status $line" "1 error log cannot make a pipe*"
}

jailer_is_first_of_its_namespace_and_root() {
  $root || return 0
  begin "a jailer is the first process of a pid namespace, as root, and the shim is not"
  # shellcheck disable=SC2016
  start --dir . --serial log:8192 --uid 65534 --gid 65534 --jailer pid -- /bin/sh -c 'echo "$$ $(id -u)"; exec sleep 100'
  await test -s log
  expect "$(cat log)" '1 0'
  pid=$(field pid <vmm) parent=$(field shim <vmm)
  expect "$(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$parent/status")" 65534
  [ "$(cut -d' ' -f22 "/proc/$pid/stat")" = "$(echo "$line" | field start)" ] || fail "pid is not the host's"
  kill -KILL "$parent"
  await gone "$pid"
}

exec_failure_leaves_nothing() {
  begin "a program that cannot be executed is an error that leaves nothing"
  echo 'status=1 time=1' >exit
  status=0
  line=$("$shim" --dir . --serial log:8192 --listen 3=600:socket -- /no/such/program) || status=$?
  expect "$status $line" '1 error exec cannot execute /no/such/program: No such file or directory'
  expect "$(listing)" 'exit log log.times '
  expect "$(cat exit)" 'status=1 time=1'
}

bad_usage_is_refused() {
  begin "bad options are refused with one line"
  for options in "" "--dir" "--dir . --" "--dir . --serial log -- /bin/true" "--dir . --open 2=ro:/dev/null -- /bin/true" \
    "--dir . --open 300=ro:/dev/null -- /bin/true" "--dir . --open 3=wo:/dev/null -- /bin/true" \
    "--dir . --listen 3=9:s -- /bin/true" "--dir . --uid 1 -- /bin/true" "--dir . --rlimit bogus=1 -- /bin/true" \
    "--dir . --open 3=ro:/dev/null --listen 3=600:s -- /bin/true" "--dir . -- true" "--bogus 1 -- /bin/true" \
    "--dir . --carrier 3=cat -- /bin/true" "--dir . --carrier-word a -- /bin/true" \
    "--dir . --carrier 3=/bin/cat --carrier 4=/bin/cat -- /bin/true" "--dir . --tap 3 -- /bin/true" "--dir . --tap 3=sixteen-letters-x -- /bin/true" "--dir . --tap 3=../lo -- /bin/true" \
    "--dir . --oom-score-adj 1001 -- /bin/true" "--dir . --rlimit nofile=-1 -- /bin/true"; do
    status=0
    # shellcheck disable=SC2086
    line=$("$shim" $options) || status=$?
    expect "$status $line" '1 error usage *'
    [ "$(echo "$line" | wc -l)" = 1 ] || fail "more than one line: $line"
  done
  status=0
  line=$("$shim" --dir /no/such -- /bin/true) || status=$?
  expect "$status $line" '1 error dir cannot open directory /no/such: No such file or directory'
  line=$("$shim" --dir . --open 3=rw:/no/such -- /bin/true) || status=$?
  expect "$line" 'error open cannot open /no/such for reading and writing: No such file or directory'
  expect "$(listing)" ''
}

log_is_limited() {
  begin "100 MB of output leave at most LIMIT bytes of log, the newest"
  start --dir . --serial log:65536 -- "$program" flood 104857600
  await test -e exit
  expect "$(cat exit)" 'status=0 *'
  size=$(($(stat -c %s log) + $(stat -c %s log.1)))
  [ $size -le 65536 ] && [ $size -ge 32768 ] || fail "the logs have $size bytes"
  expect "$(tail -n 1 log)" '0*104857536.'
  cat log.1 log | sed 1d | awk 'NR > 1 && $1 + 0 != before + 64 { bad = 1 } { before = $1 + 0 } END { exit bad }' ||
    fail "the log has holes"
}

both_logs_are_kept_apart() {
  begin "stdout goes to the serial log, stderr to the other, stdin is a pipe without end"
  start --dir . --serial log:4096 --stderr err:4096 -- /bin/sh -c 'echo out; echo err >&2; readlink /proc/self/fd/0'
  await test -e exit
  expect "$(cat log)" 'out
pipe:*'
  expect "$(cat err)" err
}

sockets_work_and_go() {
  begin "a listening socket works in the program, has its mode, and is removed at the end"
  start --dir . --listen 7=640:socket -- "$program" accept 7
  expect "$(stat -c '%a %F' socket)" '640 socket'
  expect "$("$program" connect socket)" hello
  await test -e exit
  expect "$(cat exit)" 'status=0 *'
  await test ! -e socket
}

stale_sockets_are_replaced() {
  begin "a stale socket is replaced, a live one and a file are not"
  "$program" bind socket
  start --dir . --listen 3=600:socket -- "$program" accept 3
  status=0
  line=$("$shim" --dir /tmp --listen 3=600:socket -- "$program" accept 3) || status=$?
  expect "$status $line" '1 error listen cannot listen on socket: another program is listening there'
  expect "$("$program" connect socket)" hello
  await test -e exit
  await test ! -e socket
  echo keep >socket
  line=$("$shim" --dir . --listen 3=600:socket -- "$program" accept 3) || status=$?
  expect "$line" 'error listen cannot listen on socket: a file that is no socket is there'
  expect "$(cat socket)" keep
}

another_shims_socket_stays() {
  begin "a socket that somebody replaced is not removed"
  start --dir . --listen 3=600:socket -- "$program" wait
  rm socket
  echo other >socket
  kill -TERM "$(field shim <vmm)"
  await gone "$(field shim <vmm)"
  expect "$(cat socket)" other
}

long_socket_paths_are_refused() {
  begin "a socket path of 108 bytes is refused, one of 107 is not"
  name=$(printf '%0200d' 0)
  path="$base/vm/$name"
  path=$(echo "$path" | cut -c1-108)
  status=0
  line=$("$shim" --dir . --listen 3=600:"$path" -- "$program" exit 0) || status=$?
  expect "$status $line" '1 error listen the socket path has 108 bytes, at most 107 are possible*'
  expect "$(listing)" ''
  start --dir . --listen 3=600:"$(echo "$path" | cut -c1-107)" -- "$program" exit 0
  expect "$line" 'ready *'
  await test -e exit
}

second_listen_failure_removes_the_first() {
  begin "when the second socket cannot be made the first is removed"
  status=0
  line=$("$shim" --dir . --listen 3=600:one --listen 4=600:no/such/two -- "$program" exit 0) || status=$?
  expect "$status $line" '1 error listen *'
  expect "$(listing)" ''
}

rights_are_dropped() {
  begin "groups, gid, uid, limits, environment and descriptors are what was asked for"
  $root || { echo "  (left out: needs root)"; return 0; }
  echo secret >file
  chmod 600 file
  chmod 700 .
  exec 9<file
  start --dir . --serial log:8192 --uid 12345 --gid 23456 --group 100 --group 200 --rlimit nofile=123 --open 5=ro:file \
    --listen 8=600:socket --oom-score-adj 200 -- "$program" describe
  exec 9<&-
  await test -e exit
  expect "$(cat log)" 'uid 12345 12345 12345
gid 23456 23456 23456
groups 100 200
no_new_privs 1
nofile 123 123
sigpipe default
environment PATH
descriptors 0 1 2 5 8'
  expect "$(cat exit)" 'status=0 *'
  await test ! -e socket
}

shim_drops_too() {
  begin "the shim itself drops its rights and keeps few descriptors"
  $root || { echo "  (left out: needs root)"; return 0; }
  start --dir . --serial log:8192 --uid 12345 --gid 12345 --oom-score-adj 200 --listen 3=600:s -- "$program" wait
  parent=$(field shim <vmm) pid=$(field pid <vmm)
  expect "$(grep ^Uid: "/proc/$parent/status")" 'Uid:?12345?12345?12345?12345'
  expect "$(grep ^Groups: "/proc/$parent/status" | tr -d '\t ')" 'Groups:'
  expect "$(grep ^CapEff: "/proc/$parent/status")" 'CapEff:?0000000000000002'
  expect "$(grep ^CapEff: "/proc/$pid/status")" 'CapEff:?0000000000000000'
  expect "$(cat "/proc/$pid/oom_score_adj")" 200
  expect "$(readlink "/proc/$parent/cwd")" /
  for descriptor in 0 1 2; do expect "$(readlink "/proc/$parent/fd/$descriptor")" /dev/null; done
  [ "$(ls "/proc/$parent/fd" | wc -l)" -le 13 ] || fail "the shim has open: $(ls -l "/proc/$parent/fd")"
  kill -TERM "$pid"
  await test -e exit
}

tap_is_handed_over() {
  begin "a tap device that is there is handed over, one that is not is not made"
  $root && [ -c /dev/net/tun ] || { echo "  (left out: needs root and /dev/net/tun)"; return 0; }
  tap=bsh$$
  status=0
  line=$("$shim" --dir . --tap 5=$tap -- /bin/true) || status=$?
  expect "$status $line" "1 error tap there is no tap device $tap: No such file or directory"
  [ ! -e /sys/class/net/$tap ] || fail "the tap device was made"
  ip tuntap add dev $tap mode tap vnet_hdr
  start --dir . --serial log:8192 --uid 12345 --gid 12345 --tap 5=$tap -- "$program" wait
  pid=$(field pid <vmm)
  expect "$(sed -n 's/^iff:[[:space:]]*//p' "/proc/$pid/fdinfo/5")" $tap
  kill -TERM "$pid"
  await test -e exit
  ip link delete $tap
}

carrier_runs_beside_and_ends_with_it() {
  begin "the carrier has the other end of the program's socket, and ends with the program"
  # shellcheck disable=SC2016 # the inner shells'
  start --dir . --serial log:8192 --carrier 5=/bin/sh --carrier-word -c \
    --carrier-word 'echo $$ >&5; read word <&5; echo heard $word >&5; exec sleep 100' -- \
    /bin/sh -c 'read carrier <&5; echo $carrier; echo something >&5; read word <&5; echo $word; exec sleep 100'
  await grep -qs heard log
  expect "$(tail -1 log)" 'heard something'
  carrier=$(head -1 log)
  gone "$carrier" && fail "the carrier does not run"
  kill -9 "$(echo "$line" | field pid)"
  await test -e exit
  await gone "$carrier"
}

carriers_end_is_noted() {
  begin "the program outlives its carrier, and the log says that it ended"
  start --dir . --stderr errors:8192 --carrier 5=/bin/sh --carrier-word -c --carrier-word 'exit 3' -- /bin/sleep 100
  await grep -qs 'has ended with status 3' errors
  gone "$(echo "$line" | field pid)" && fail "the program has ended, too"
  kill -9 "$(echo "$line" | field pid)"
  await test -e exit
}

carrier_that_cannot_run_leaves_nothing() {
  begin "a carrier that cannot be executed is an error, and the program goes"
  line=$("$shim" --dir . --carrier 5=/no/such/carrier -- /bin/sleep 100) && fail "it started"
  expect "$line" 'error exec cannot execute /no/such/carrier: *'
  expect "$(listing)" ''
}

program_dies_with_the_shim() {
  begin "the program dies when the shim is killed with SIGKILL"
  identity=""
  $root && identity="--uid 12345 --gid 12345"
  # shellcheck disable=SC2086
  start --dir . $identity -- "$program" wait
  kill -KILL "$(field shim <vmm)"
  await gone "$(field pid <vmm)"
}

full_disk_does_not_block() {
  begin "a full disk blocks neither the program nor the exit record, and the log says what was lost"
  $root || { echo "  (left out: needs root)"; return 0; }
  mkdir -p "$base/full"
  mount -t tmpfs -o size=1m none "$base/full"
  cd "$base/full"
  start --dir . --serial log:16777216 -- "$program" flood 8388608
  await test -e exit
  expect "$(cat exit)" 'status=*'
  [ "$(stat -c %s log)" -gt 500000 ] || fail "the log has only $(stat -c %s log) bytes"
  cd "$base"
  await umount -q "$base/full" # the shim, just after its record, may still have it open
  mount -t tmpfs -o size=1m none "$base/full"
  cd "$base/full"
  head -c 900k /dev/zero >hog
  start --dir . --serial log:16777216 -- /bin/sh -c "$program flood 1048576; rm $base/full/hog; $program flood 64"
  await test -e exit
  grep -q '^\[banger-shim: [0-9]* bytes of output lost\]$' log || fail "the log does not say that bytes were lost"
  cd "$base"
  await umount -q "$base/full" # the shim, just after its record, may still have it open
}

full_disk_at_the_start_is_an_error() {
  begin "a disk that is full at the start is an error that leaves nothing"
  $root || { echo "  (left out: needs root)"; return 0; }
  mkdir -p "$base/full"
  mount -t tmpfs -o size=64k none "$base/full"
  cd "$base/full"
  head -c 1m /dev/zero >hog 2>/dev/null || true
  status=0
  line=$("$shim" --dir . --listen 3=600:socket -- "$program" wait) || status=$?
  expect "$status $line" '1 error record *No space left on device'
  expect "$(listing)" 'hog '
  cd "$base"
  await umount -q "$base/full" # the shim, just after its record, may still have it open
}

ready_comes_soon() {
  begin "from spawn to ready: the median of 50"
  "$program" time 50 "$product" --dir . -- "$program" exit 0 || fail "a start failed"
}

probe_answers() {
  begin "the probe says usable or unusable, in time"
  status=0
  line=$(timeout 5 "$shim" --probe-kvm) || status=$?
  case "$status $line" in
    '0 usable nanos='[0-9]* | '1 unusable step='[a-z]*' reason='?*) echo "  $line" ;;
    *) fail "the probe said '$line' and ended with $status" ;;
  esac
}

console_has_many_watchers_and_one_writer() {
  begin "the console has many watchers and one writer, and what is written is the program's input"
  command -v socat >/dev/null || { echo "  skipped: no socat"; return 0; }
  # shellcheck disable=SC2016 # the inner shell's
  start --dir . --serial log:1048576 --console console -- /bin/sh -c 'while read -r l; do echo "got $l"; [ "$l" = end ] && exit; done'
  expect "$(stat -c %a console)" 600
  (printf w; sleep 1; printf 'hello\n'; sleep 1; printf 'end\n'; sleep 1) | socat -t5 - UNIX-CONNECT:console >writer &
  sleep 0.3
  (printf w; sleep 0.5; printf 'nobody hears this\n'; sleep 4) | socat -t5 - UNIX-CONNECT:console >second &
  await test -e exit
  await test -s second
  await grep -q 'got end' writer
  expect "$(tr '\n' ' ' <writer)" 'wgot hello got end '
  await grep -q 'got end' second
  expect "$(tr '\n' ' ' <second)" 'vgot hello got end '
  expect "$(tr '\n' ' ' <log)" 'got hello got end '
  expect "$(sed 1d log.times | head -1)" '0 1[0-9]*'
  expect "$(tail -1 log.times)" '10 1[0-9]*' # however little was written in the meantime
  expect "$(head -1 log.times)" 'run=1[0-9]* begins=0'
  [ ! -e console ] || fail "the console's socket is left"
}

exit_status_is_recorded
signal_is_recorded
start_times_are_those_of_proc
exec_failure_leaves_nothing
bad_usage_is_refused
log_is_limited
both_logs_are_kept_apart
sockets_work_and_go
stale_sockets_are_replaced
another_shims_socket_stays
long_socket_paths_are_refused
second_listen_failure_removes_the_first
rights_are_dropped
shim_drops_too
tap_is_handed_over
carrier_runs_beside_and_ends_with_it
carriers_end_is_noted
carrier_that_cannot_run_leaves_nothing
program_dies_with_the_shim
full_disk_does_not_block
full_disk_at_the_start_is_an_error
ready_comes_soon
probe_answers
named_pipe_leads_to_the_log
jailer_is_first_of_its_namespace_and_root
console_has_many_watchers_and_one_writer
[ $failures = 0 ] || { echo "shim: $failures failures"; exit 1; }
echo "shim: all well"
