/** The entry point. Start at {@link dev.banger.Main}. */
@NullMarked
package dev.banger;

import org.jspecify.annotations.NullMarked;
