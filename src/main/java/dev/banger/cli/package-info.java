/**
 * One class a command: parse, call, print. Start at {@link dev.banger.cli.Cli}; {@link
 * dev.banger.cli.Client} is the connection, {@link dev.banger.cli.ProgramSession} a program in a
 * guest. Made to start fast: no reflection, no logging, no native calls. Takes no locks.
 */
@NullMarked
package dev.banger.cli;

import org.jspecify.annotations.NullMarked;
