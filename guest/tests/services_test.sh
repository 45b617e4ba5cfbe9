#!/bin/sh
# shellcheck disable=SC2012,SC2015,SC2153
# Tests of the agent's blocking services, called by $PROGRAMS/serve. The judges are GNU tar, bsdtar, OpenSSH's sftp and /proc.
set -eu
serve=$PROGRAMS/serve
base=$(mktemp -d /tmp/banger-services-test.XXXXXX)
trap 'umount "$base/disk" 2>/dev/null || true; chmod -R u+rwx "$base"; rm -rf "$base"' EXIT
failures=0
root=false
[ "$(id -u)" = 0 ] && root=true
user=$(id -un)

fail() {
  echo "  FAILED: $*"
  failures=$((failures + 1))
}

# A fresh directory a test.
begin() {
  echo "$*"
  cd "$base"
  [ ! -d work ] || chmod -R u+rwx work
  rm -rf work
  mkdir work
  cd work
}

expect() { # expect TEXT PATTERN
  # shellcheck disable=SC2254
  case $1 in $2) ;; *) fail "got '$1', expected '$2'" ;; esac
}

copy_in() { # copy_in DIRECTORY FLAGS <ARCHIVE; the replies are left in $reply
  reply=$("$serve" 0300 "t:$1" "t:$user" "b:$2" 2>&1 >/dev/null) || true
}

copy_out() { # copy_out PATH FLAGS >ARCHIVE
  "$serve" 0301 "t:$1" "t:$user" "b:$2" 2>"$base/reply" || true
}

# Everything about a tree that an archive can keep.
describe() {
  (cd "$1" && find . -mindepth 1 -printf '%P\t%y\t%m\t%U:%G\t%T@\t%l\t%n\t%s\n' | awk -F'\t' '$2 == "d" { $8 = 0; $7 = 0 } { print }' | sort
    find . -type f -print0 | sort -z | xargs -0 -r sha256sum
    getfattr -R -h -d -m '^user\.' . 2>/dev/null | sort)
}

same_trees() { # same_trees ONE OTHER WHAT
  describe "$1" >"$base/one"
  describe "$2" >"$base/other"
  cmp -s "$base/one" "$base/other" || { fail "$3: the trees differ"; diff "$base/one" "$base/other" | head -5; }
}

make_tree() {
  mkdir -p "$1/a directory/deeper" "$1/empty"
  (
    cd "$1"
    echo text >'a directory/with spaces'
    echo text >"$(printf 'with\nnewline')"
    echo long >"$(printf '%0255d' 0)"
    path=$(printf '%080d/%080d/%080d' 1 2 3)
    mkdir -p "$path"
    echo deep >"$path/file"
    ln -s "$(printf '%0150d' 0)" long-link
    ln -s 'a directory/with spaces' link
    ln 'a directory/with spaces' hard
    ln "$path/file" hard-to-a-long-name
    mkfifo fifo
    : >nothing
    head -c 700001 /dev/urandom >random
    printf 'ünïcödé' >'ünïcödé'
    truncate -s 20M sparse
    printf 'here' | dd of=sparse bs=1 seek=5000000 conv=notrunc status=none
    printf 'there' | dd of=sparse bs=1 seek=15000003 conv=notrunc status=none
    setfattr -n user.color -v 'green and blue' random
    setfattr -n user.binary -v 0x00ff0a3d00 nothing
    chmod 4751 random
    chmod 1777 empty
    chmod 500 'a directory/deeper'
    touch -d '2001-02-03 04:05:06.123456789' random
    touch -d '1960-01-02 03:04:05' nothing
    touch -h -d '2010-01-01' link
    if $root; then
      chown 3000000:4000000 random
      chmod 4751 random
      mknod device c 1 3
      mknod block b 7 200
    fi
    touch -d '2005-05-05 05:05:05.25' 'a directory' empty
  )
}

our_archives_are_read_by_gnu_tar_and_bsdtar() {
  begin "an archive of ours is unpacked by GNU tar and bsdtar to the same tree"
  make_tree tree
  copy_out "$PWD/tree" 0 >ours.tar
  expect "$(cat "$base/reply")" 'ok
ok *'
  mkdir gnu bsd
  tar -C gnu --xattrs --numeric-owner --same-permissions -xf ours.tar 2>gnu.log || fail "GNU tar: $(head -3 gnu.log)"
  same_trees tree gnu/tree "GNU tar"
  bsdtar -C bsd --numeric-owner -xpf ours.tar 2>bsd.log || fail "bsdtar: $(head -3 bsd.log)"
  same_trees tree bsd/tree bsdtar
}

their_archives_are_read() {
  begin "archives of GNU tar and bsdtar in all their formats are unpacked to the same tree"
  make_tree tree
  for format in gnu posix oldgnu; do
    tar -C tree --format=$format --xattrs --xattrs-include='user.*' -cf archive.tar . 2>/dev/null || true
    case $format in gnu | oldgnu) setfattr -x user.color tree/random 2>/dev/null || true ;; esac
    check_unpacks archive.tar "GNU tar --format=$format"
  done
  for sparse in 0.0 0.1 1.0; do
    tar -C tree --format=posix --sparse --sparse-version=$sparse --xattrs --xattrs-include='user.*' -cf archive.tar .
    check_unpacks archive.tar "GNU tar --sparse-version=$sparse"
  done
  tar -C tree --format=gnu --sparse -cf archive.tar . 2>/dev/null
  check_unpacks archive.tar "GNU tar --format=gnu --sparse"
  bsdtar -C tree --format=pax -cf archive.tar .
  check_unpacks archive.tar "bsdtar pax" bsdtar
  bsdtar -C tree --format=gnutar -cf archive.tar . 2>/dev/null
  check_unpacks archive.tar "bsdtar gnutar" bsdtar
}

check_unpacks() { # check_unpacks ARCHIVE WHAT [JUDGE]: as the judge does, GNU tar or bsdtar
  for directory in ours judge; do
    [ ! -d $directory ] || chmod -R u+rwx $directory
    rm -rf $directory
    mkdir $directory
  done
  if [ "${3:-}" = bsdtar ]; then
    bsdtar -C judge --numeric-owner -xpf "$1"
  else
    tar -C judge --warning=no-timestamp --xattrs --numeric-owner --same-permissions -xf "$1"
  fi
  copy_in "$PWD/ours" 2 <"$1"
  expect "$reply" 'ok
ok [0-9]* [0-9]*'
  same_trees judge ours "$2"
}

many_holes_are_kept() {
  begin "a sparse file with a thousand pieces is right in every format, and stays sparse"
  for i in $(seq 0 999); do printf 'piece %d' "$i" | dd of=holes bs=1 seek=$((i * 40000)) conv=notrunc status=none; done
  for options in --sparse-version=0.0 --sparse-version=0.1 --sparse-version=1.0 --format=gnu; do
    rm -rf out
    mkdir out
    # shellcheck disable=SC2046
    tar $(expr "$options" : --sparse-version >/dev/null && echo --format=posix) "$options" --sparse -cf archive.tar holes
    copy_in "$PWD/out" 0 <archive.tar
    cmp holes out/holes || fail "$options"
    [ "$(stat -c %b out/holes)" -le "$(($(stat -c %b holes) + 64))" ] || fail "$options: the file is not sparse any more"
  done
}

round_trip_is_exact() {
  begin "out and in again gives the same tree, and says how much it was"
  make_tree tree
  touch -d '1960-01-02 03:04:05.5' tree/empty
  copy_out "$PWD/tree/." 0 >archive.tar
  expect "$(tail -n 1 "$base/reply")" "ok $(find tree -printf '.\n' | wc -l) *"
  mkdir copy
  copy_in "$PWD/copy" 2 <archive.tar
  expect "$reply" "ok
$(tail -n 1 "$base/reply")"
  same_trees tree copy "round trip"
}

names_begin_with_the_last_component() {
  begin "names begin with the last component of the path, or with ."
  mkdir -p one/two
  echo x >one/two/file
  ln -s one/two link
  expect "$(copy_out "$PWD/one/two" 0 | tar -t | tr '\n' ' ')" 'two/ two/file '
  expect "$(copy_out "$PWD/one/two/." 0 | tar -t | tr '\n' ' ')" './ ./file '
  expect "$(copy_out "$PWD/one/two/file" 0 | tar -t | tr '\n' ' ')" 'file '
  expect "$(copy_out "$PWD/link" 0 | tar -tv)" 'l* link -> one/two'
  expect "$(copy_out "$PWD/link" 1 | tar -t | tr '\n' ' ')" 'link/ link/file '
  expect "$(copy_out "$PWD/link/." 0 | tar -t | tr '\n' ' ')" './ ./file '
  copy_out "$PWD/missing" 0 >/dev/null
  expect "$(cat "$base/reply")" 'error 4 2 cannot find */missing *'
  copy_out "$PWD/one/.." 0 >/dev/null
  expect "$(cat "$base/reply")" 'error 2 0 *'
}

special_places_are_left_out() {
  begin "sockets and what is in /proc are left out, and a tree that is too deep is an error"
  mkdir tree
  "$PROGRAMS/shim_program" bind tree/socket
  echo x >tree/file
  expect "$(copy_out "$PWD/tree" 0 | tar -t | tr '\n' ' ')" 'tree/ tree/file '
  copy_out "$PWD/tree/socket" 0 >/dev/null
  expect "$(cat "$base/reply")" 'error 7 0 * is a socket*'
  expect "$(copy_out /proc 0 | tar -t | tr '\n' ' ')" 'proc/ '
  deep=$(printf 'd/%.0s' $(seq 300))
  mkdir -p "$deep"
  copy_out "$PWD/d" 0 >/dev/null
  expect "$(cat "$base/reply")" 'ok
error 6 40 *nested deeper than 256*'
}

existing_things_are_replaced() {
  begin "files, symlinks and empty directories in the way are replaced, full directories are not"
  mkdir -p source target/d target/full outside
  echo new >source/file
  echo new >source/link
  echo new >source/d
  mkdir source/dir
  echo inside >source/dir/x
  echo old >target/file
  echo keep >outside/file
  ln -s ../outside/file target/link
  ln -s ../outside target/dir
  tar -C source -cf archive.tar file link d dir
  copy_in "$PWD/target" 0 <archive.tar
  expect "$reply" 'ok
ok *'
  expect "$(cat target/file target/link target/d target/dir/x outside/file | tr '\n' ' ')" 'new new new inside keep '
  [ ! -e outside/x ] && [ ! -L target/dir ] || fail "a symlink was followed"
  echo full >target/full/x
  echo new >source/full
  tar -C source -cf archive.tar full
  copy_in "$PWD/target" 0 <archive.tar
  expect "$reply" 'ok
error * cannot replace full: *'
  expect "$(cat target/full/x)" full
}

hostile_archives_are_contained() {
  begin "hostile archives are refused, and nothing appears outside the directory"
  mkdir target outside
  echo evil >evil
  hostile absolute "$(pwd)/evil" 'absolute name'
  hostile parent '../escaped' 'has a ..'
  hostile inner 'a/../../escaped' 'has a ..'
  ln -s ../outside symlink
  tar -cf archive.tar symlink
  tar --transform 's,^evil,symlink/evil,' -rf archive.tar evil
  refused "a file through a symlink" 'symlinks are not followed'
  ln -s "$PWD/outside" target/existing
  tar --transform 's,^evil,existing/evil,' -cf archive.tar evil
  refused "a file through an existing symlink" 'symlinks are not followed'
  ln evil evil2
  tar -P --transform 's,^evil$,../outside/secret,;s,^evil2,link,' -cf archive.tar evil evil2
  refused "a hard link to a file outside" 'has a ..'
  [ -z "$(ls -A outside)" ] || fail "outside: $(ls -A outside)"
  [ ! -e escaped ] || fail "escaped"
}

hostile() { # hostile WHAT NAME MESSAGE
  tar -P --transform "s,.*,$2," -cf archive.tar evil
  refused "$1" "$3"
}

refused() { # refused WHAT MESSAGE: archive.tar
  copy_in "$PWD/target" 2 <archive.tar
  case $reply in *"
error "*"$2"*) ;; *) fail "$1: $reply" ;; esac
}

damaged_archives_are_errors() {
  begin "truncated and damaged archives are errors"
  mkdir target
  head -c 100000 /dev/urandom >file
  tar --format=posix -cf whole.tar file
  for length in 0 100 512 1024 1536 2048 50000 101888; do
    head -c $length whole.tar >archive.tar
    refused "truncated to $length bytes" 'too early'
  done
  [ ! -e target/file ] || [ "$(stat -c %s target/file)" = 100000 ] || fail "half a file is left"
  { printf 'X'; tail -c +2 whole.tar; } >archive.tar
  refused "a wrong checksum" 'checksum'
  head -c 10240 /dev/urandom >archive.tar
  refused "no archive" 'checksum'
  { head -c 512 whole.tar; head -c 512 /dev/zero; tail -c +1025 whole.tar; } >archive.tar
  refused "an empty pax header" 'pax header is damaged'
  bsdtar --format=ustar --options '' -cf archive.tar file
  copy_in "$PWD/target" 0 <archive.tar
  expect "$reply" 'ok
ok 1 100000'
}

owners_follow_the_flags() {
  begin "files belong to the user, or to the archive's owners with flag 2; set-user-ID goes with the owner"
  $root || { echo "  (left out: needs root)"; return 0; }
  echo x >file
  chown 1234:2345 file
  chmod 4755 file
  tar -cf archive.tar file
  mkdir one two
  chmod 777 . one two
  chmod 755 "$base"
  user=nobody
  copy_in "$PWD/one" 0 <archive.tar
  user=root
  expect "$(stat -c '%U %a' one/file)" 'nobody 755'
  copy_in "$PWD/two" 2 <archive.tar
  expect "$(stat -c '%u:%g %a' two/file)" '1234:2345 4755'
  mkdir -m 700 closed
  user=nobody
  copy_in "$PWD/closed" 0 <archive.tar
  user=root
  expect "$reply" 'error 9 13 cannot open the directory * as user nobody: Permission denied'
  user=no-such-user
  copy_in "$PWD/one" 0 <archive.tar
  user=root
  expect "$reply" "error 4 2 cannot find the user 'no-such-user'*"
}

directory_is_made_when_asked() {
  begin "the directory is made with flag 1 only"
  echo x >file
  tar -cf archive.tar file
  copy_in "$PWD/a/b/c" 0 <archive.tar
  expect "$reply" 'error 4 2 *'
  copy_in "$PWD/a/b/c" 1 <archive.tar
  expect "$reply" 'ok
ok 1 2'
  expect "$(cat a/b/c/file)" x
}

full_disks_are_errors() {
  begin "a full disk is an error that leaves no half file"
  $root || { echo "  (left out: needs root)"; return 0; }
  mkdir -p "$base/disk"
  mount -t tmpfs -o size=1m none "$base/disk"
  head -c 3000000 /dev/urandom >file
  tar -cf archive.tar file
  copy_in "$base/disk" 0 <archive.tar
  expect "$reply" 'ok
error 6 28 *cannot write file: No space left on device'
  [ -z "$(ls -A "$base/disk")" ] || fail "left: $(ls -A "$base/disk")"
  umount "$base/disk"
}

stat_agrees_with_stat() {
  begin "STAT agrees with stat(1)"
  echo text >file
  ln -s . link
  for path in file link . /dev/null; do
    full=$(realpath -s "$path")
    line=$("$serve" 0302 "t:$full" b:0 2>&1 </dev/null)
    mode=$(printf '%o' "0x$(stat -c %f "$full")")
    expect "$line" "ok mode=$mode uid=$(stat -c %u "$full") gid=$(stat -c %g "$full") size=$(stat -c %s "$full") mtime=$(stat -c %.9Y "$full" | tr -d .) *"
  done
  expect "$("$serve" 0302 "t:$PWD/link" b:0 2>&1 </dev/null)" 'ok mode=120777 * target=. directory=1'
  expect "$("$serve" 0302 "t:$PWD/link" b:1 2>&1 </dev/null)" 'ok mode=40* target= directory=1'
  expect "$("$serve" 0302 "t:relative" b:1 2>&1 </dev/null || true)" 'error 2 0 *'
}

stats_agree_with_proc() {
  begin "STATS agree with /proc"
  "$serve" 0105 2>stats </dev/null
  expect "$(sed -n 's/^cpus //p' stats)" "$(grep -c '^cpu[0-9]' /proc/stat)"
  expect "$(sed -n 's/^total //p' stats)" "$(awk '/^MemTotal/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)"
  expect "$(sed -n 's/^nic \([^ ]*\).*/\1/p' stats | sort | tr '\n' ' ')" "$(find /sys/class/net -mindepth 1 -type l -printf '%f\n' | sort | tr '\n' ' ')"
  up=$(sed -n 's/^uptime //p' stats)
  awk -v ours="$up" '{ exit !(ours / 1e9 <= $1 + 1 && ours / 1e9 >= $1 - 5) }' /proc/uptime || fail "uptime $up"
  processes=$(sed -n 's/^processes //p' stats)
  [ "$processes" -ge 3 ] && [ "$processes" -le $(($(find /proc -maxdepth 1 -name '[0-9]*' | wc -l) + 50)) ] || fail "processes $processes"
  expect "$(sed -n 's/^filesystem \/ \([0-9]*\) .*/\1/p' stats)" "$(df -B1 --output=size / | tail -n 1 | tr -d ' ')"
  awk -v ours="$(sed -n 's/^user //p' stats)" '/^cpu / { exit !(ours <= ($2 + $3) * 1e7 && ours >= ($2 + $3) * 1e7 - 5e9) }' /proc/stat || fail "user time"
}

ports_agree_with_proc() {
  begin "PORTS names the port, its address, and the process that listens"
  "$PROGRAMS/serve_port" >port &
  server=$!
  while [ ! -s port ]; do sleep 0.01; done
  read -r tcp tcp6 udp <port
  "$serve" 0106 2>ports </dev/null
  grep -q "^tcp 7f000001 $tcp pid=$server process=serve_port uid=$(id -u)" ports || fail "tcp: $(cat ports)"
  grep -q "^udp 7f000001 $udp pid=$server process=serve_port" ports || fail "udp: $(cat ports)"
  [ "$tcp6" = 0 ] || grep -q "^tcp 0\{31\}1 $tcp6 pid=$server" ports || fail "tcp6: $(cat ports)"
  kill $server
}

file_systems_freeze_grow_and_trim() {
  begin "FREEZE, THAW, GROW and TRIM work on an ext4 file system"
  $root || { echo "  (left out: needs root)"; return 0; }
  truncate -s 16M image
  mke2fs -q -t ext4 image
  truncate -s 32M image
  mkdir -p "$base/disk"
  mount -o loop image "$base/disk" 2>/dev/null || { echo "  (left out: no loop device)"; return 0; }
  if [ $((0x$(sed -n 's/^CapEff:\t//p' /proc/self/status) >> 24 & 1)) = 1 ]; then
    expect "$("$serve" 010B "t:$base/disk" 2>&1 </dev/null || true)" "ok 33554432"
    [ "$(df -B1 --output=size "$base/disk" | tail -n 1)" -gt 20000000 ] || fail "df says $(df -B1 "$base/disk")"
  else
    echo "  (this root has no CAP_SYS_RESOURCE: growing has to fail, here and for resize2fs)"
    expect "$("$serve" 010B "t:$base/disk" 2>&1 </dev/null || true)" 'error 9 1 cannot grow *'
  fi
  expect "$("$serve" 0109 "t:$base/disk" 2>&1 </dev/null || true)" ok
  expect "$("$serve" 0109 "t:$base/disk" 2>&1 </dev/null || true)" 'error 5 0 * frozen already'
  expect "$("$serve" 010A "t:$base/disk" 2>&1 </dev/null || true)" ok
  expect "$("$serve" 010A "t:$base/disk" 2>&1 </dev/null || true)" 'error 5 0 * not frozen'
  expect "$("$serve" 010C "t:$base/disk" 2>&1 </dev/null || true)" 'ok [0-9]*'
  umount "$base/disk"
  e2fsck -fn image >fsck.log 2>&1 || fail "e2fsck: $(cat fsck.log)"
  expect "$("$serve" 010B "t:/proc" 2>&1 </dev/null || true)" 'error 7 0 * not ext4'
  expect "$("$serve" 0109 "t:$base/missing" 2>&1 </dev/null || true)" 'error 4 2 *'
  expect "$("$serve" 0107 2>&1 </dev/null)" ok
}

batch() { # batch COMMANDS: by OpenSSH's client, over our server
  printf '%s\n' "$1" | sftp -q -b - -D "$serve" >log 2>&1
}

sftp_transfers() {
  begin "OpenSSH's sftp puts and gets files, 100 MB too, and whole trees"
  mkdir -p local/sub remote
  head -c 104857600 /dev/urandom >local/large
  : >local/empty
  echo 'x y' >'local/sub/with space'
  for i in $(seq 200); do echo "$i" >"local/sub/file$i"; done
  chmod 640 local/sub/file7
  touch -d '2003-03-03 03:03:03' local/sub/file7
  batch "put -pR local/. $PWD/remote/
get -pR $PWD/remote $PWD/back" || fail "$(tail -3 log)"
  diff -r local remote >/dev/null || fail "put: the trees differ"
  diff -r local back >/dev/null || fail "get: the trees differ"
  expect "$(stat -c '%a %Y' back/sub/file7)" "$(stat -c '%a %Y' local/sub/file7)"
}

sftp_changes_names() {
  begin "OpenSSH's sftp renames, links, lists, removes and changes modes"
  mkdir remote
  echo one >remote/one
  echo two >remote/two
  batch "cd $PWD/remote
rename one 1
rename 1 two
ln two hard
ln -s two soft
chmod 604 two
mkdir dir
mkdir dir/sub
rmdir dir/sub
put remote/two dir/copy
pwd
df
ls -la
rm hard" || fail "$(tail -3 log)"
  expect "$(cat remote/two)" one
  expect "$(readlink remote/soft)" two
  expect "$(stat -c %a remote/two)" 604
  [ ! -e remote/hard ] && [ ! -e remote/one ] && [ ! -e remote/dir/sub ] || fail "left: $(ls -R remote)"
  expect "$(grep '^l' log)" "lrwxrwxrwx *$user * soft*"
  expect "$(grep '^Remote working' log)" "Remote working directory: $PWD/remote"
  batch "rm $PWD/remote/missing" && fail "removing what is not there went well" || true
  batch "get $PWD/remote/missing" && fail "getting what is not there went well" || true
  batch "ls $PWD/missing" && fail "listing what is not there went well" || true
  for i in $(seq 1000); do : >"remote/$i"; done
  batch "ls -1 $PWD/remote"
  expect "$(grep -c "$PWD/remote/" log)" "$(ls remote | wc -l)"
}

sftp_resumes() {
  begin "OpenSSH's sftp goes on where a transfer ended"
  head -c 300000 /dev/urandom >file
  head -c 100000 file >partial
  batch "reput file $PWD/partial" || fail "$(tail -3 log)"
  cmp file partial || fail "reput"
  head -c 100000 file >back
  batch "reget $PWD/file back" || fail "$(tail -3 log)"
  cmp file back || fail "reget"
}

sftp_survives_garbage() {
  begin "garbage ends an SFTP session, and only that"
  for hex in ffffffff 00000000 0000000100 000000050100000003000000050100000003 0000000503000000010000000100; do
    printf '%s' "$hex" | sed 's/../\\x&/g' | xargs -0 printf '%b' >packet 2>/dev/null || true
    "$serve" 0310 t: <packet >/dev/null 2>&1 || true
  done
  expect "$("$serve" 0310 t:no-such-user 2>&1 </dev/null || true)" "error 4 2 cannot find the user 'no-such-user'*"
  expect "$("$serve" 0310 x:00 2>&1 </dev/null || true)" 'error 2 0 *'
}

malformed_requests_are_errors() {
  begin "a malformed request is an error of its own"
  for kind in 0105 0106 0107 0109 010A 010B 010C 0300 0301 0302 0310; do
    for body in 00 ffffffff 000000024100 00000005414243; do
      expect "$("$serve" $kind x:$body 2>&1 </dev/null || true)" 'error 2 0 *'
    done
  done
}

our_archives_are_read_by_gnu_tar_and_bsdtar
their_archives_are_read
many_holes_are_kept
round_trip_is_exact
names_begin_with_the_last_component
special_places_are_left_out
existing_things_are_replaced
hostile_archives_are_contained
damaged_archives_are_errors
owners_follow_the_flags
directory_is_made_when_asked
full_disks_are_errors
stat_agrees_with_stat
stats_agree_with_proc
ports_agree_with_proc
file_systems_freeze_grow_and_trim
sftp_transfers
sftp_changes_names
sftp_resumes
sftp_survives_garbage
malformed_requests_are_errors
[ $failures = 0 ] || { echo "services: $failures failures"; exit 1; }
echo "services: all well"
