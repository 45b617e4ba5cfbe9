#ifndef BANGER_SHIM_PROBE_H
#define BANGER_SHIM_PROBE_H

/*
 * Runs a vCPU in 64-bit mode and prints `usable nanos=N` (returns 0) or `unusable step=S reason=...` (returns 1).
 * A /dev/kvm that opens says little: it may be a paravirtual one that interprets its guests, or none for 64 bits.
 */
int probe_kvm(void);

#endif
