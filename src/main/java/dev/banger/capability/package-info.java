/**
 * What a VM gets at its start: one class a hook, in the fixed order of {@link
 * dev.banger.capability.Capabilities}. Start there. Hooks run under the VM's lock and take no other
 * but leaves.
 */
@NullMarked
package dev.banger.capability;

import org.jspecify.annotations.NullMarked;
