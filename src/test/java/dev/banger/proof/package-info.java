/**
 * The proof of docs/reliability.md: daemons that are killed, hosts that fail, storms. Start with
 * {@link dev.banger.proof.TestDaemon}, a real daemon as a process of its own, whose VMs are real
 * processes without QEMU, so that it and they start in milliseconds.
 */
@NullMarked
package dev.banger.proof;

import org.jspecify.annotations.NullMarked;
