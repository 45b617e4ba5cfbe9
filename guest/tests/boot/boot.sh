#!/bin/sh
# Boots a real guest under QEMU and drives it: boot.sh STEP... (of boot_client). The environment names the parts:
#   KERNEL   a bzImage, or an ELF vmlinux
#   MODULES  its lib/modules/RELEASE directory
#   ROOT     the root file system: a tar
#   SHAPE    overlay (default): ROOT read-only below, a disk above, a work disk; plain: ROOT itself
#   AGENT, CLIENT  default to what the Makefile builds
# UUIDs in the steps: @BASE@ @UPPER@ @WORK@. The console is printed when a step fails.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
AGENT=${AGENT:-$here/build/banger-agent}
CLIENT=${CLIENT:-$here/build/tests/boot_client}
SHAPE=${SHAPE:-overlay}
base=11111111-2222-3333-4444-555555555555
upper=21111111-2222-3333-4444-555555555555
work=31111111-2222-3333-4444-555555555555
dir=$(mktemp -d /tmp/banger-boot-XXXXXX)
vmm=
finish() {
  status=$?
  if [ -n "$vmm" ] && kill -0 "$vmm" 2>/dev/null; then kill "$vmm"; fi
  [ -z "$vmm" ] || wait "$vmm" 2>/dev/null || true
  if [ "$status" -ne 0 ] && [ -f "$dir/console" ]; then echo "--- console"; tail -40 "$dir/console"; fi
  rm -rf "$dir"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

mkdir -p "$dir/initramfs/modules"
install -m 755 "$AGENT" "$dir/initramfs/init"
for module in drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_mmio drivers/char/virtio_console \
  drivers/block/virtio_blk net/core/failover drivers/net/net_failover drivers/net/virtio_net fs/overlayfs/overlay; do
  file=$MODULES/kernel/$module.ko
  [ -f "$file" ] || continue
  cp "$file" "$dir/initramfs/modules/"
  echo "/modules/$(basename "$file")" >>"$dir/initramfs/modules/order"
done
(cd "$dir/initramfs" && find . | cpio --quiet -o -H newc) >"$dir/initrd"

truncate -s "${ROOT_SIZE:-1G}" "$dir/base.img"
mkdir "$dir/root"
tar -C "$dir/root" -xf "$ROOT" --exclude=./dev/*
mke2fs -q -t ext4 -U "$base" -d "$dir/root" "$dir/base.img"
rm -rf "$dir/root"
for disk in upper work; do
  truncate -s 512M "$dir/$disk.img"
  uuid=
  eval "uuid=\$$disk"
  mke2fs -q -t ext4 -U "$uuid" "$dir/$disk.img"
done

mips=$(sed -n 's/^bogomips[^0-9]*\([0-9]*\)\.\([0-9]*\)$/\1\2/p' /proc/cpuinfo | head -1)
readonly_base=off
[ "$SHAPE" = plain ] || readonly_base=on
qemu-system-x86_64 -M microvm,rtc=on,pit=off,pic=off,ioapic2=on -accel "${ACCEL:-tcg}" -cpu max -smp "${CPUS:-2}" -m "${MEMORY:-512}" \
  -nodefaults -no-user-config -display none -no-reboot -kernel "$KERNEL" -initrd "$dir/initrd" \
  -append "console=ttyS0 quiet panic=-1 tsc_early_khz=$((mips * 5)) cryptomgr.notests 8250.nr_uarts=1 banger.channel=virtio banger.vmm=qemu ${ARGUMENTS:-}" \
  -serial "file:$dir/console" \
  -drive "if=none,id=d0,file=$dir/base.img,format=raw,readonly=$readonly_base" -device virtio-blk-device,drive=d0 \
  -drive "if=none,id=d1,file=$dir/upper.img,format=raw,discard=unmap" -device virtio-blk-device,drive=d1 \
  -drive "if=none,id=d2,file=$dir/work.img,format=raw,discard=unmap" -device virtio-blk-device,drive=d2 \
  -netdev user,id=n0,restrict=on -device virtio-net-device,netdev=n0,mac=52:54:00:12:34:56 \
  -device virtio-serial-device -chardev "socket,id=a0,path=$dir/agent,server=on,wait=off" \
  -device virtserialport,chardev=a0,name=dev.banger.agent,id=agent0 2>"$dir/qemu.err" &
vmm=$!

count=$#
while [ "$count" -gt 0 ]; do
  step=$(printf '%s' "$1" | sed "s/@BASE@/$base/; s/@UPPER@/$upper/; s/@WORK@/$work/")
  shift
  set -- "$@" "$step"
  count=$((count - 1))
done
TEST_TIME_SCALE=4 "$CLIENT" "$dir/agent" "$@" || { cat "$dir/qemu.err"; exit 1; }

# A step has ended the machine: the VMM ends by itself, the last line (but the kernel's own) is the goodbye, the disks are clean.
limit=100
while kill -0 "$vmm" 2>/dev/null && [ "$limit" -gt 0 ]; do sleep 0.1; limit=$((limit - 1)); done
if kill -0 "$vmm" 2>/dev/null; then echo "the VMM did not end"; exit 1; fi
wait "$vmm"
vmm=
last=$(tr -d '\r' <"$dir/console" | grep -v -e '^$' -e '] reboot: ' | tail -1)
case $last in
  *"banger-agent: goodbye poweroff") ;;
  *) echo "the last line of the console is: $last"; exit 1 ;;
esac
for disk in base upper work; do
  state=$(dumpe2fs -h "$dir/$disk.img" 2>/dev/null | sed -n 's/^Filesystem features: *//p')
  case $state in *needs_recovery*) echo "$disk was not unmounted cleanly"; exit 1 ;; esac
  e2fsck -fn "$dir/$disk.img" >/dev/null 2>&1 || { echo "e2fsck finds faults on $disk"; exit 1; }
done
[ "${SHOW_CONSOLE:-}" = "" ] || cat "$dir/console"
echo "ended well"
