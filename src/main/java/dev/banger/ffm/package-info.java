/**
 * libc by {@code java.lang.foreign}: nobody else calls native code. One method a C function; start
 * with {@link dev.banger.ffm.ProcessCalls}. A failed call is a {@link
 * dev.banger.ffm.SystemCallException}. Takes leaf locks only.
 */
@NullMarked
package dev.banger.ffm;

import org.jspecify.annotations.NullMarked;
