/**
 * Other processes. Start with {@link dev.banger.proc.Command}: a child that is run to its end, or
 * killed with all it started; {@link dev.banger.proc.ProcessIdentity} tells and signals those that
 * outlive us. Nobody else starts a process. Takes leaf locks only.
 */
@NullMarked
package dev.banger.proc;

import org.jspecify.annotations.NullMarked;
