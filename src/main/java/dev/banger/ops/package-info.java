/**
 * The registry of long operations: begin, look, wait, cancel, result. One class for every kind.
 * Start with {@link dev.banger.ops.Operations}. Takes one leaf lock an operation.
 */
@NullMarked
package dev.banger.ops;

import org.jspecify.annotations.NullMarked;
