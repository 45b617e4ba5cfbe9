/**
 * Other processes: who they are, when they end, starting them, ending them; nobody else starts one.
 * Start with {@link dev.banger.proc.ProcessIdentity}. Takes leaf locks only.
 */
@NullMarked
package dev.banger.proc;

import org.jspecify.annotations.NullMarked;
