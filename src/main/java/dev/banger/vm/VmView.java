package dev.banger.vm;

import dev.banger.store.VmRow;

/** A VM as it was made, and as it is now. */
public record VmView(VmRow row, VmState state) {}
