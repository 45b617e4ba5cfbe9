package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;

/**
 * What this host has too little of for a start.
 *
 * @param resource {@code memory}
 * @param brief numbers: {@code needs 1G, 512M free}
 * @param detail the same, and where the limit comes from
 * @param cure what to do
 * @param hopeless waiting does not help: it is more than there will ever be
 */
record Shortage(String resource, String brief, String detail, String cure, boolean hopeless) {
  BangerException refusal(String what) {
    String wait = hopeless ? "" : "; or let it wait for room: --wait";
    return new BangerException(ErrorCode.NO_SPACE, "cannot " + what + ": " + detail, cure + wait);
  }
}
