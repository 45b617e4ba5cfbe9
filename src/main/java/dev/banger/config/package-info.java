/**
 * What the user set: {@code config.toml}, read once when the daemon starts, every mistake reported
 * with its line. Start with {@link dev.banger.config.Config}. Takes no locks.
 */
@NullMarked
package dev.banger.config;

import org.jspecify.annotations.NullMarked;
