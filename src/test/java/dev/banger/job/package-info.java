/**
 * The main job as a user does it: the real launcher, daemon, QEMU and guests. Start with {@link
 * dev.banger.job.Host}, which gives a test a home of its own and looks for leftovers at its end.
 */
@NullMarked
package dev.banger.job;

import org.jspecify.annotations.NullMarked;
