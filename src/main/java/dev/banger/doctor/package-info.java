/**
 * What this host can do, and the cure for what it cannot: one class a check. Start with {@link
 * dev.banger.doctor.Doctor}. Runs in the client, with or without a daemon; takes no locks.
 */
@NullMarked
package dev.banger.doctor;

import org.jspecify.annotations.NullMarked;
